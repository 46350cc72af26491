import type { CellTally, DigestSet, FailureTally } from '@kube-prefetch/core';
import { CELL_STATES, type CellReport, type CellState, type Failure, type ImageRef } from '@kube-prefetch/protocol';

const MAX_EXAMPLES = 3;

/**
 * Counts of one cohort's cells, kept up to date cell by cell, so that reading them costs the same for one node and for
 * thousands. Only reported cells are counted; the rest of the cohort's nodes is Unknown.
 */
export interface CohortTally {
  add(node: string, cell: CellReport): void;
  /** Takes the same object that was added. */
  remove(node: string, cell: CellReport): void;
  /** The same object as long as it would say the same. */
  read(image: ImageRef, nodes: number, noAgent: number): CellTally;
  /** Of Present cells: how many nodes name each size. */
  sizes(image: ImageRef): ReadonlyMap<number, number>;
}

interface ImageCounts {
  readonly counts: Record<CellState, number>;
  readonly sizes: Map<number, number>;
  /** By the text of all their digests. */
  readonly digestSets: Map<string, DigestSet>;
  /** By node. */
  readonly failing: Map<string, Failing>;
  /** Made from `failing`; undefined since that changed. */
  failures: readonly FailureTally[] | undefined;
  /** As it was read last, for so many nodes; undefined since something changed. */
  read: { readonly nodes: number; readonly tally: CellTally } | undefined;
}

interface Failing {
  readonly failure: Failure;
  readonly since: string;
}

export function createCohortTally(): CohortTally {
  const images = new Map<ImageRef, ImageCounts>();
  /** Of images that no node says anything of. */
  const nothing = emptyCounts();

  return {
    add(node, cell) {
      let image = images.get(cell.image);
      if (image === undefined) images.set(cell.image, (image = emptyCounts()));
      count(image, cell, 1);
      if (cell.failure !== undefined && cell.state !== 'Present') {
        image.failing.set(node, { failure: cell.failure, since: cell.failingSince ?? cell.since });
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
      const image = images.get(ref) ?? nothing;
      const last = image.read;
      if (last?.nodes === nodes && last.tally.noAgent === noAgent) return last.tally;
      const known = CELL_STATES.reduce((sum, state) => (state === 'Unknown' ? sum : sum + image.counts[state]), 0);
      image.failures ??= groupFailures(image.failing);
      const tally = {
        counts: { ...image.counts, Unknown: nodes - known },
        noAgent,
        failures: image.failures,
        digestSets: [...image.digestSets.values()],
      };
      image.read = { nodes, tally };
      return tally;
    },
    sizes: image => (images.get(image) ?? nothing).sizes,
  };
}

function count(image: ImageCounts, cell: CellReport, by: 1 | -1): void {
  const { counts, sizes, digestSets } = image;
  image.read = undefined;
  counts[cell.state] += by;
  const { state, sizeBytes, digests = [] } = cell;
  if (state !== 'Present' && state !== 'Stale') return;
  if (state === 'Present' && sizeBytes !== undefined) {
    const named = (sizes.get(sizeBytes) ?? 0) + by;
    if (named === 0) sizes.delete(sizeBytes);
    else sizes.set(sizeBytes, named);
  }
  if (digests.length === 0) return;
  const key = digests.join('\n');
  const nodes = (digestSets.get(key)?.nodes ?? 0) + by;
  if (nodes === 0) digestSets.delete(key);
  else digestSets.set(key, { digests, nodes });
}

/** One entry per kind, in order of kind, with the message that most nodes tell. One pass: there may be thousands. */
function groupFailures(failing: ReadonlyMap<string, Failing>): readonly FailureTally[] {
  const kinds = new Map<string, { nodes: number; since: string; messages: Map<string, Told>; examples: string[] }>();
  for (const [node, { failure, since }] of failing) {
    let kind = kinds.get(failure.kind);
    if (kind === undefined) kinds.set(failure.kind, (kind = { nodes: 0, since, messages: new Map(), examples: [] }));
    kind.nodes += 1;
    keepFirst(kind.examples, node);
    if (since < kind.since) kind.since = since;
    const told = kind.messages.get(failure.message);
    const told1 = { nodes: (told?.nodes ?? 0) + 1, first: told === undefined || node < told.first ? node : told.first };
    kind.messages.set(failure.message, { failure, ...told1 });
  }
  return [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { messages, ...kind }]) => ({ failure: mostTold([...messages.values()]), ...kind }));
}

interface Told {
  readonly failure: Failure;
  readonly nodes: number;
  /** By name. */
  readonly first: string;
}

/** Of those that as many nodes tell, that of the first node by name. */
function mostTold(told: readonly Told[]): Failure {
  const most = told.reduce((a, b) => (b.nodes > a.nodes || (b.nodes === a.nodes && b.first < a.first) ? b : a));
  return most.failure;
}

/** The first names in order, without sorting thousands to get three. */
function keepFirst(names: string[], name: string): void {
  if (names.length === MAX_EXAMPLES && name > (names.at(-1) as string)) return;
  names.push(name);
  names.sort();
  if (names.length > MAX_EXAMPLES) names.pop();
}

function emptyCounts(): ImageCounts {
  return {
    counts: { Unknown: 0, Missing: 0, Waiting: 0, Pulling: 0, Present: 0, Stale: 0, Failed: 0 },
    sizes: new Map(),
    digestSets: new Map(),
    failing: new Map(),
    failures: [],
    read: undefined,
  };
}
