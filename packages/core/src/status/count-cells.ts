import type { Summary } from '@kube-prefetch/protocol';
import type { Cohort } from '../plans/group-nodes.ts';
import type { CellTally } from './fleet-view.ts';
import type { CohortShare } from './resource-cohorts.ts';

export interface CellCounts extends Omit<Summary, 'images'> {
  /** Cells on nodes that are not Ready and not held: outside `cells`, like `held`. */
  readonly notReady: number;
  /** Of `held` and `notReady`, cells whose agent reports them Present all the same. */
  readonly presentAside: number;
}

/**
 * | the node is          | its cells are counted under                                                |
 * | -------------------- | -------------------------------------------------------------------------- |
 * | without any agent    | notApplicable                                                              |
 * | held                 | held                                                                       |
 * | not Ready            | notReady                                                                   |
 * | Ready, without agent | cells, noAgent                                                             |
 * | Ready                | cells, and one of present, pulling, waiting (Missing too), failed, stale, unknown |
 *
 * Images that the plan had no room for are unknown.
 */
export function countCells(shares: readonly CohortShare[]): CellCounts {
  const sum = { ...NOTHING };
  for (const share of shares) {
    const { cohort, tallies, leftOut } = share;
    const nodes = cohort.nodes.length;
    if (!cohort.applicable) {
      sum.notApplicable += nodes * (tallies.size + leftOut);
      continue;
    }
    sum.nodes += nodes;
    if (isCounted(cohort)) addShare(sum, share);
    else {
      sum[cohort.held !== undefined ? 'held' : 'notReady'] += nodes * (tallies.size + leftOut);
      for (const { counts } of tallies.values()) sum.presentAside += counts.Present;
    }
  }
  return sum;
}

/** Whether the cohort's cells can hold back Warm. */
export function isCounted({ applicable, held, ready }: Cohort): boolean {
  return applicable && held === undefined && ready;
}

const NOTHING = {
  nodes: 0,
  cells: 0,
  present: 0,
  pulling: 0,
  waiting: 0,
  failed: 0,
  stale: 0,
  unknown: 0,
  held: 0,
  noAgent: 0,
  notApplicable: 0,
  notReady: 0,
  presentAside: 0,
};

function addShare(sum: typeof NOTHING, { cohort, tallies, leftOut }: CohortShare): void {
  sum.cells += cohort.nodes.length * (tallies.size + leftOut);
  sum.unknown += cohort.nodes.length * leftOut;
  for (const tally of tallies.values()) addTally(sum, tally);
}

function addTally(sum: typeof NOTHING, { counts, noAgent }: CellTally): void {
  sum.present += counts.Present;
  sum.pulling += counts.Pulling;
  sum.waiting += counts.Waiting + counts.Missing;
  sum.failed += counts.Failed;
  sum.stale += counts.Stale;
  sum.unknown += counts.Unknown - noAgent;
  sum.noAgent += noAgent;
}
