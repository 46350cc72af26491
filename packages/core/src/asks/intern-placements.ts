import type { NodeChoice } from '@kube-prefetch/protocol';
import type { Placement } from '../ask.ts';
import { canonicalJson } from './canonical-json.ts';

/** Gives equal placements the same identity, so that nodes are matched once per distinct one. */
export type InternPlacement = (choice: NodeChoice | undefined, pod: Placement['pod']) => Placement;

export function createInternPlacement(): InternPlacement {
  const known = new Map<string, Placement>();
  return (choice, pod) => {
    const key = placementKey({ choice, pod });
    const placement = known.get(key) ?? { choice, pod };
    known.set(key, placement);
    return placement;
  };
}

export function placementKey(placement: Placement): string {
  return canonicalJson(placement);
}
