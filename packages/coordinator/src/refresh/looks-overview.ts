import {
  type ImageRef,
  isMovingTag,
  type LookOverview,
  MAX_OVERVIEW_LOOKS,
  type Overview,
} from '@kube-prefetch/protocol';
import { type Clock, timestampAt } from '@kube-prefetch/time';
import type { TagView } from './tags.ts';

/** Those that failed first, then in the order in which they come. */
export function looksOverview(
  tags: readonly TagView[],
  clock: Clock,
): Pick<Overview, 'looks'> & { readonly leftOut: number } {
  const fails = ({ last }: TagView) => Number(last?.failure !== undefined);
  const looks = tags
    .toSorted((a, b) => fails(b) - fails(a) || a.dueMs - b.dueMs)
    .slice(0, MAX_OVERVIEW_LOOKS)
    .map(tag => toOverview(tag, clock));
  return { looks, leftOut: tags.length - looks.length };
}

/** What people are told of one image's tag; undefined for what is named by digest. */
export function tagSentence(image: ImageRef, tags: readonly TagView[], clock: Clock): string | undefined {
  const tag = tags.find(each => each.image === image);
  if (tag !== undefined) return describe(toOverview(tag, clock));
  if (!isMovingTag(image)) return undefined;
  return 'the tag is not looked up: nobody who asks for it wants that (spec.refresh), or only on nodes that are held';
}

function describe({ everyMs, nextAt, scout, digest, last }: LookOverview): string {
  const next = `${scout === undefined ? `the next look is at ${nextAt}` : `${scout} looks it up now`}, one every ${everyMs / 1_000} s`;
  if (last === undefined) return `the tag was not looked up yet since this coordinator began to lead; ${next}`;
  const { at, node = 'nobody', failure } = last;
  if (failure === undefined) return `${node} looked the tag up at ${at}: it stands for ${digest}; ${next}`;
  const before = digest === undefined ? '' : `; before it stood for ${digest}`;
  return `the tag could not be looked up at ${at} by ${node}: ${failure.kind}: ${failure.message}${before}; ${next}`;
}

function toOverview({ image, intervalMs, dueMs, digest, scout, last }: TagView, clock: Clock): LookOverview {
  return {
    image,
    everyMs: intervalMs,
    nextAt: timestampAt(clock, dueMs),
    ...(scout !== undefined && { scout }),
    ...(digest !== undefined && { digest }),
    ...(last && {
      last: {
        at: timestampAt(clock, last.atMs),
        ...(last.node !== undefined && { node: last.node }),
        ...(last.failure && { failure: last.failure }),
      },
    }),
  };
}
