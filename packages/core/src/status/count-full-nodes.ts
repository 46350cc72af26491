import { mergeAsks } from '../plans/merge-asks.ts';
import type { CohortShare } from './count-cells.ts';

/** Nodes whose plan had no room left for one of the images of these shares. */
export function countFullNodes(shares: readonly CohortShare[]): number {
  return shares.filter(isFull).reduce((sum, { cohort }) => sum + cohort.nodes.length, 0);
}

function isFull({ cohort, tallies }: CohortShare): boolean {
  return mergeAsks(cohort.asks).leftOut.some(({ image }) => tallies.has(image));
}
