import type { NodeChoice } from '@kube-prefetch/protocol';
import { memoise, shareEqual } from '../memoise.ts';
import type { Placement } from './placement.ts';

/** One object for equal placements, so that each distinct placement is compared with each node once. */
export function sharePlacement(choice: NodeChoice | undefined, pod: Placement['pod']): Placement {
  return share({ choice, pod });
}

/** The same text for equal placements, whatever the order of their keys. */
export const placementKey = memoise((placement: Placement): string =>
  JSON.stringify(placement, (_key, part: unknown) => (isRecord(part) ? sorted(part) : part)),
);

const share = shareEqual(placementKey);

function isRecord(part: unknown): part is Record<string, unknown> {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
