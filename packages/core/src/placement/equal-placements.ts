import type { NodeChoice } from '@kube-prefetch/protocol';
import type { Placement } from './placement.ts';

export type SharePlacement = (choice: NodeChoice | undefined, pod: Placement['pod']) => Placement;

/** Hands out one object for equal placements, so that each distinct placement is compared with each node once. */
export function createPlacementSharer(): SharePlacement {
  const known = new Map<string, Placement>();
  return (choice, pod) => {
    const key = placementKey({ choice, pod });
    const placement = known.get(key) ?? { choice, pod };
    known.set(key, placement);
    return placement;
  };
}

/** The same text for equal placements, whatever the order of their keys. */
export function placementKey(placement: Placement): string {
  return JSON.stringify(placement, (_key, part: unknown) => (isRecord(part) ? sorted(part) : part));
}

function isRecord(part: unknown): part is Record<string, unknown> {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
