import { resourceName } from '@kube-prefetch/protocol';
import type { Ask, Verdict } from '../ask.ts';

/** One sentence per ask: who wants the image, the verdict, and what is special about it. */
export function because({ resource, sources, start, pullsAlways }: Ask, { verdict, sentence }: Verdict): string {
  const notes = [
    ...(start ? [] : ['suspended: starts no pull']),
    ...(pullsAlways ? ['its pods pull with Always and need the registry even where the image is warm'] : []),
  ];
  const who = `${resourceName(resource)} (${shortened(sources)})`;
  return [`${who}: ${verdict}, ${sentence}`, ...notes].join('; ');
}

const MAX_SOURCES = 3;

function shortened(sources: readonly string[]): string {
  const more = sources.length > MAX_SOURCES ? [`and ${sources.length - MAX_SOURCES} more`] : [];
  return [...sources.slice(0, MAX_SOURCES), ...more].join(', ');
}
