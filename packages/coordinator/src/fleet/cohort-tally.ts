import type { CellTally, FailureTally } from '@kube-prefetch/core';
import { CELL_STATES, type CellReport, type CellState, type Failure, type ImageRef } from '@kube-prefetch/protocol';

const MAX_EXAMPLES = 3;

/**
 * Counts of one cohort's cells, kept up to date cell by cell, so that reading them costs the same for one node and for
 * thousands. Only reported cells are counted; the rest of the cohort's nodes is Unknown.
 */
export interface CohortTally {
  add(node: string, cell: CellReport): void;
  /** The very cell that was added. */
  remove(node: string, cell: CellReport): void;
  read(image: ImageRef, nodes: number, noAgent: number): CellTally;
}

interface ImageCounts {
  readonly counts: Record<CellState, number>;
  readonly digests: Map<string, number>;
  /** By node. */
  readonly failing: Map<string, Failing>;
  /** Of `failing`; undefined once that changed. */
  failures: readonly FailureTally[] | undefined;
}

interface Failing {
  readonly failure: Failure;
  readonly since: string;
}

export function createCohortTally(): CohortTally {
  const images = new Map<ImageRef, ImageCounts>();

  return {
    add(node, cell) {
      let image = images.get(cell.image);
      if (image === undefined) images.set(cell.image, (image = emptyCounts()));
      count(image, cell, 1);
      if (cell.failure !== undefined && cell.state !== 'Present') {
        image.failing.set(node, { failure: cell.failure, since: cell.since });
        image.failures = undefined;
      }
    },
    remove(node, cell) {
      const image = images.get(cell.image);
      if (image === undefined) return;
      count(image, cell, -1);
      if (image.failing.delete(node)) image.failures = undefined;
      if (CELL_STATES.every(state => image.counts[state] === 0)) images.delete(cell.image);
    },
    read(ref, nodes, noAgent) {
      const image = images.get(ref) ?? NOTHING;
      const known = CELL_STATES.reduce((sum, state) => (state === 'Unknown' ? sum : sum + image.counts[state]), 0);
      image.failures ??= groupFailures(image.failing);
      return {
        counts: { ...image.counts, Unknown: nodes - known },
        noAgent,
        failures: image.failures,
        digests: image.digests,
      };
    },
  };
}

function count({ counts, digests }: ImageCounts, cell: CellReport, by: 1 | -1): void {
  counts[cell.state] += by;
  if (cell.state !== 'Present') return;
  for (const digest of cell.digests ?? []) {
    const nodes = (digests.get(digest) ?? 0) + by;
    if (nodes === 0) digests.delete(digest);
    else digests.set(digest, nodes);
  }
}

/** One entry per kind, with the words of the oldest; in order of kind. */
function groupFailures(failing: ReadonlyMap<string, Failing>): readonly FailureTally[] {
  const kinds = Map.groupBy(failing, ([, { failure }]) => failure.kind);
  return [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => {
      const oldest = members.reduce((a, b) => (isOlder(b, a) ? b : a))[1];
      return {
        failure: oldest.failure,
        nodes: members.length,
        examples: firstNames(members.map(([node]) => node)),
        since: oldest.since,
      };
    });
}

function isOlder([nodeA, a]: [string, Failing], [nodeB, b]: [string, Failing]): boolean {
  return a.since === b.since ? nodeA < nodeB : a.since < b.since;
}

/** Without sorting thousands of names for the sake of three. */
function firstNames(names: readonly string[]): readonly string[] {
  const first: string[] = [];
  for (const name of names) {
    if (first.length === MAX_EXAMPLES && name > (first.at(-1) as string)) continue;
    first.push(name);
    first.sort();
    if (first.length > MAX_EXAMPLES) first.pop();
  }
  return first;
}

function emptyCounts(): ImageCounts {
  return {
    counts: { Unknown: 0, Missing: 0, Waiting: 0, Pulling: 0, Present: 0, Failed: 0 },
    digests: new Map(),
    failing: new Map(),
    failures: [],
  };
}

const NOTHING = emptyCounts();
