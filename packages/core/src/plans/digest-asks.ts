import { hash } from 'node:crypto';
import { resourceName } from '@kube-prefetch/protocol';
import type { Ask, Placement } from '../ask.ts';
import { placementKey } from '../asks/intern-placements.ts';

/** A hash over all that an ask says, the same in every process; equal placements are spelled out once. */
export function digestAsks(asks: readonly Ask[]): ReadonlyMap<Ask, string> {
  const placements = new Map<Placement, string>();
  const digestPlacement = (placement: Placement) => {
    const digest = placements.get(placement) ?? hash('sha256', placementKey(placement));
    placements.set(placement, digest);
    return digest;
  };
  return new Map(asks.map(ask => [ask, hash('sha256', textOf(ask, digestPlacement(ask.placement)))]));
}

function textOf({ resource, image, priority, start, pullsAlways, sources }: Ask, placement: string): string {
  return JSON.stringify([resourceName(resource), image, priority, start, pullsAlways, sources, placement]);
}
