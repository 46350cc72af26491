import { CELL_STATES, type CellState, type Failure, type ImageRef } from '@kube-prefetch/protocol';
import type { CellTally, Cohort, FailureTally, FleetView } from '@kube-prefetch/core';

/** What a test wants a node to say about an image. */
export interface CellSaid {
  readonly state: CellState;
  readonly noAgent?: boolean;
  readonly failure?: Failure;
  readonly since?: string;
  readonly digests?: readonly string[];
}

/** A fleet in which every cell is what `say` answers. */
export function aFleet(cohorts: readonly Cohort[], say: (node: string, image: ImageRef) => CellSaid): FleetView {
  return {
    cohorts: () => cohorts,
    tally: (cohort, image) => tallyOf(cohort.nodes.map(node => ({ node, ...say(node, image) }))),
    agentless(cohort) {
      const nodes = cohort.nodes.filter(node => cohort.asks.some(({ image }) => say(node, image).noAgent));
      return { count: nodes.length, examples: nodes.slice(0, 3) };
    },
  };
}

type NodeCell = CellSaid & { readonly node: string };

function tallyOf(cells: readonly NodeCell[]): CellTally {
  const count = (state: CellState) => cells.filter(cell => cell.state === state).length;
  return {
    counts: Object.fromEntries(CELL_STATES.map(state => [state, count(state)])) as Record<CellState, number>,
    noAgent: cells.filter(({ noAgent }) => noAgent).length,
    failures: tallyFailures(cells),
    digestSets: cells.flatMap(({ digests }) => (digests === undefined ? [] : [{ digests, nodes: 1 }])),
  };
}

function tallyFailures(cells: readonly NodeCell[]): readonly FailureTally[] {
  const failed = cells.filter((cell): cell is NodeCell & { failure: Failure } => cell.failure !== undefined);
  return [...Map.groupBy(failed, ({ failure }) => `${failure.kind} ${failure.message}`).values()].map(same => ({
    failure: (same[0] as { failure: Failure }).failure,
    nodes: same.length,
    examples: same.map(({ node }) => node).slice(0, 3),
    since: same.map(({ since = '2026-01-01T00:00:00.000Z' }) => since).sort()[0] as string,
  }));
}
