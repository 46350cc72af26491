import type { ImageRef, Summary } from '@kube-prefetch/protocol';
import type { Cohort } from '../cohort.ts';
import type { CellTally } from '../fleet-view.ts';

/** What one resource wants on one cohort, an image once however many of its asks name it. */
export interface CohortShare {
  readonly cohort: Cohort;
  readonly images: readonly ImageRef[];
  readonly tallies: ReadonlyMap<ImageRef, CellTally>;
}

export interface CellCounts extends Omit<Summary, 'images'> {
  /** On nodes that are not Ready and not held: outside `cells`, like `held`. */
  readonly notReady: number;
}

/**
 * | the node is           | its cells are counted under                                                 |
 * | --------------------- | --------------------------------------------------------------------------- |
 * | held                  | held                                                                        |
 * | not Ready             | notReady                                                                    |
 * | Ready, without agent  | cells, noAgent                                                              |
 * | Ready                 | cells, and one of present, pulling, waiting (Missing too), failed, unknown |
 */
export function countCells(shares: readonly CohortShare[]): CellCounts {
  const counts = {
    nodes: 0,
    cells: 0,
    present: 0,
    pulling: 0,
    waiting: 0,
    failed: 0,
    unknown: 0,
    held: 0,
    noAgent: 0,
    notReady: 0,
  };
  for (const { cohort, images, tallies } of shares) {
    counts.nodes += cohort.nodes.length;
    const cells = cohort.nodes.length * images.length;
    if (cohort.held !== undefined) counts.held += cells;
    else if (!cohort.ready) counts.notReady += cells;
    else for (const tally of tallies.values()) addTally(counts, tally);
  }
  return counts;
}

/** Whether the cohort's cells can hold back Warm. */
export function counts({ held, ready }: Cohort): boolean {
  return held === undefined && ready;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function addTally(sum: Mutable<CellCounts>, { counts: by, noAgent }: CellTally): void {
  sum.cells += by.Present + by.Pulling + by.Waiting + by.Missing + by.Failed + by.Unknown;
  sum.present += by.Present;
  sum.pulling += by.Pulling;
  sum.waiting += by.Waiting + by.Missing;
  sum.failed += by.Failed;
  sum.unknown += by.Unknown - noAgent;
  sum.noAgent += noAgent;
}
