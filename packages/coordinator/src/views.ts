import { type Ask, type ClusterState, collectAsks, explainImage, explainNode } from '@kube-prefetch/core';
import {
  ApiError,
  CELL_STATES,
  type CellReport,
  type CellState,
  type ImageRef,
  type ImageView,
  type NodeOverview,
  type NodeView,
  type Overview,
} from '@kube-prefetch/protocol';
import type { Coordinator } from './create-coordinator.ts';
import type { NodeRecord } from './fleet/index.ts';
import { apiErrors } from './requests/api-errors.ts';

/** What is warm where, counted. */
export function overview(c: Coordinator): Overview {
  const now = c.clock.monotonicMs();
  return {
    epoch: c.epoch(),
    gaps: [...stateOf(c).gaps],
    resources: c.statuses.latest().map(({ resource, status }) => ({ resource, status })),
    nodes: [...c.fleet.nodes()].map(node => nodeOverview(node, now)).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** One node with every cell of its plan, and who asks for it. */
export function nodeView(c: Coordinator, name: string): NodeView {
  const state = stateOf(c);
  const record = c.fleet.node(name);
  const node = state.nodes.find(candidate => candidate.name === name);
  if (record === undefined || node === undefined) throw apiErrors.unknownNode(name, state.nodes.length);
  const explained = explainNode(collectAsks(state), node, c.startupTaints);
  const because = new Map(explained.map(({ image, because }) => [image, because]));
  return {
    ...nodeOverview(record, c.clock.monotonicMs()),
    images: record.home.plan.items.map(({ image }) => ({
      image,
      cell: cellOf(record, image),
      because: [...(because.get(image) ?? [])],
    })),
  };
}

/** One image on every node. */
export function imageView(c: Coordinator, image: ImageRef): ImageView {
  const state = stateOf(c);
  const asks = collectAsks(state);
  if (!asks.some(ask => ask.image === image)) throw unknownImage(image, asks);
  return {
    image,
    nodes: explainImage(asks, image, state.nodes, c.startupTaints).map(({ node, because }) => {
      const record = c.fleet.node(node);
      return { node, cell: record && cellOf(record, image), because: [...because] };
    }),
  };
}

function stateOf(c: Coordinator): ClusterState {
  c.mustLead();
  const state = c.source.read();
  if (state === undefined || !c.ready()) {
    throw apiErrors.notRead();
  }
  return state;
}

function nodeOverview(node: NodeRecord, now: number): NodeOverview {
  const { heard, home } = node;
  return {
    name: node.name,
    agent: heard === undefined ? 'None' : node.silent ? 'Silent' : 'Reporting',
    reportAgeMs: heard && Math.round(now - heard.atMs),
    held: home.cohort.held,
    runtime: heard?.runtime,
    planRevision: home.plan.revision,
    reportedRevision: heard?.planRevision,
    cells: countCells(node),
  };
}

function countCells(node: NodeRecord): Record<CellState, number> {
  const counts = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as Record<CellState, number>;
  for (const { image } of node.home.plan.items) counts[cellOf(node, image)?.state ?? 'Unknown'] += 1;
  return counts;
}

/** What a silent node said is no longer known to be so. */
function cellOf(node: NodeRecord, image: ImageRef): CellReport | undefined {
  return node.silent ? undefined : node.heard?.cells.get(image);
}

function unknownImage(image: ImageRef, asks: readonly Ask[]): ApiError {
  const images = new Set(asks.map(ask => ask.image));
  return new ApiError(
    'UnknownImage',
    `nothing asks for ${JSON.stringify(image)}; images are named exactly as a pod writes them`,
    { details: [...images].filter(known => known.includes(image)).slice(0, 5) },
  );
}
