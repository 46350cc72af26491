import { type LookOverview, MAX_OVERVIEW_LOOKS, type Overview } from '@kube-prefetch/protocol';
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
