import {
  type Ask,
  type ClusterState,
  collectAsks,
  explainImage,
  explainNode,
  gapsOf,
  type Node,
  type Placement,
  previewResource,
  type TenantLimits,
} from '@kube-prefetch/core';
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
  parseResource,
  type Preview,
  resourceName,
  type ResourcesQuery,
  type ResourcesView,
  type RewriteRule,
} from '@kube-prefetch/protocol';
import type { ClusterSource } from '@kube-prefetch/cluster';
import type { Clock } from '@kube-prefetch/time';
import type { ExpectedNodes } from './fleet/expected-nodes.ts';
import { agentOf, type Fleet, type NodeRecord } from './fleet/index.ts';
import { explainWaits, type Permits, paceOverview, type SlowRegistries } from './permits/index.ts';
import { looksOverview, tagSentence } from './refresh/looks-overview.ts';
import type { Tags } from './refresh/tags.ts';
import type { RecentPodsMemory } from './fleet/recent-pods.ts';
import type { StatusWriter } from './status/index.ts';
import type { CurrentTerm } from './current-term.ts';
import { measureProgress } from './measure-progress.ts';
import { apiErrors } from './requests/api-errors.ts';

export interface ViewParts {
  readonly term: Pick<CurrentTerm, 'epoch' | 'mustLead'>;
  readonly source: Pick<ClusterSource, 'read'>;
  readonly expectedNodes: Pick<ExpectedNodes, 'view'>;
  readonly recentPods: Pick<RecentPodsMemory, 'view'>;
  readonly fleet: Pick<Fleet, 'node' | 'nodes' | 'records' | 'tally' | 'sizeOf'>;
  readonly permits: Pick<Permits, 'explain' | 'limits'>;
  readonly registries: Pick<SlowRegistries, 'refusals'>;
  readonly tags: Pick<Tags, 'view'>;
  readonly parallelPulls: number | undefined;
  readonly statuses: Pick<StatusWriter, 'latest'>;
  readonly clock: Clock;
  readonly tenants: TenantLimits;
  readonly rewrite: readonly RewriteRule[];
  readonly startupTaints: readonly string[] | undefined;
  readonly agents: Placement | undefined;
  readonly ready: () => boolean;
}

/** What people may look at. All of it throws ApiError outside terms and before the cluster is read. */
export function createViews(parts: ViewParts) {
  return {
    overview: () => overview(parts),
    resources: (asked: ResourcesQuery) => resourcesView(parts, asked),
    /** Throws ApiError UnknownNode. */
    node: (name: string) => nodeView(parts, name),
    /** Throws ApiError UnknownImage. */
    image: (image: ImageRef) => imageView(parts, image),
    preview: (document: unknown) => preview(parts, document),
  };
}

/** What is warm where, counted. */
function overview(parts: ViewParts): Overview {
  const { fleet, clock } = parts;
  const now = clock.monotonicMs();
  const pace = {
    limits: parts.permits.limits(),
    nodes: [...fleet.nodes()].map(pullsOf),
    parallelPulls: parts.parallelPulls,
    registries: parts.registries.refusals(),
  };
  const paced = paceOverview(pace, clock);
  const { looks, leftOut } = looksOverview(parts.tags.view(), clock);
  return {
    ...resourcesView(parts, {}),
    nodes: [...fleet.nodes()].map(node => nodeOverview(node, now)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...paced,
    looks,
    leftOut: { ...paced.leftOut, looks: leftOut },
  };
}

function resourcesView(parts: ViewParts, { namespace, name: names }: ResourcesQuery): ResourcesView {
  const { term, fleet, statuses } = parts;
  const state = stateOf(parts);
  const asked = statuses
    .latest()
    .filter(({ resource }) => names === undefined || names.includes(resource.name))
    .filter(({ resource }) => [undefined, resource.namespace].includes(namespace) || resource.namespace === undefined);
  const progress = measureProgress(fleet, new Set(asked.map(({ resource }) => resourceName(resource))));
  return {
    epoch: term.epoch(),
    gaps: [...gapsOf(state)],
    resources: asked.map(({ resource, status }) => ({
      resource,
      status,
      progress: progress.get(resourceName(resource)),
    })),
  };
}

/** One node with every cell of its plan, and who asks for it. */
function nodeView(parts: ViewParts, name: string): NodeView {
  const state = stateOf(parts);
  const record = parts.fleet.node(name);
  const node = nodesOf(parts, state).find(candidate => candidate.name === name);
  if (record === undefined || node === undefined) throw apiErrors.unknownNode(name, state.nodes.length);
  const explained = explainNode(record.home.cohort.asks, node, parts.startupTaints, parts.agents);
  const because = new Map(explained.map(({ image, because }) => [image, because]));
  const waits = waitsOn(parts)(record);
  return {
    ...nodeOverview(record, parts.clock.monotonicMs()),
    images: record.home.plan.items.map(({ image }) => ({
      image,
      cell: cellOf(record, image),
      because: [...(because.get(image) ?? []), ...waits(image)],
    })),
  };
}

/** One image on every node. */
function imageView(parts: ViewParts, image: ImageRef): ImageView {
  const state = stateOf(parts);
  const { asks } = collectAsks(state, parts.tenants, parts.rewrite, parts.recentPods.view(state));
  if (!asks.some(ask => ask.image === image)) throw unknownImage(image, asks);
  const waits = waitsOn(parts);
  return {
    image,
    tag: tagSentence(image, parts.tags.view(), parts.clock),
    nodes: explainImage(asks, image, nodesOf(parts, state), parts.startupTaints, parts.agents).map(
      ({ node, because }) => {
        const record = parts.fleet.node(node);
        const wait = record === undefined ? [] : waits(record)(image);
        return { node, cell: record && cellOf(record, image), because: [...because, ...wait] };
      },
    ),
  };
}

/** What a resource would do, if it were there. Nothing is kept of it. */
function preview(parts: ViewParts, document: unknown): Preview {
  const state = stateOf(parts);
  return previewResource(parseResource(document), {
    state,
    nodes: nodesOf(parts, state),
    tenants: parts.tenants,
    rewrite: parts.rewrite,
    recentPods: parts.recentPods.view(state),
    startupTaints: parts.startupTaints ?? [],
    agents: parts.agents,
    sizeOf: parts.fleet.sizeOf,
    cellState: (name, image) => {
      const record = parts.fleet.node(name);
      return record && cellOf(record, image)?.state;
    },
  });
}

/** For one view: what keeps the images of a node that wait, none or one sentence for each. */
function waitsOn({ permits, parallelPulls, clock }: ViewParts) {
  const permitOf = permits.explain(clock.monotonicMs());
  return (node: NodeRecord) => {
    const images = node.home.plan.items.map(({ image }) => image);
    const sentenceOf = explainWaits(
      { name: node.name, images, cellOf: image => cellOf(node, image) },
      { permitOf, parallelPulls },
    );
    return (image: ImageRef) => [sentenceOf(image)].filter(text => text !== undefined);
  };
}

function nodesOf({ expectedNodes, clock }: ViewParts, state: ClusterState): readonly Node[] {
  return expectedNodes.view(state, clock.monotonicMs());
}

function stateOf({ term, source, ready }: ViewParts): ClusterState {
  term.mustLead();
  const state = source.read();
  if (state === undefined || !ready()) throw apiErrors.notRead();
  return state;
}

function nodeOverview(node: NodeRecord, now: number): NodeOverview {
  const { heard, home } = node;
  return {
    name: node.name,
    agent: agentOf(node),
    reportAgeMs: heard && Math.round(now - heard.atMs),
    held: home.cohort.held,
    runtime: heard?.runtime,
    planRevision: home.plan.revision,
    reportedRevision: heard?.planRevision,
    cells: countCells(node),
  };
}

function pullsOf(node: NodeRecord) {
  const cells = node.silent ? [] : [...(node.heard?.cells.values() ?? [])];
  const count = (is: (cell: CellReport) => boolean) => cells.filter(is).length;
  return {
    name: node.name,
    pulling: count(({ state }) => state === 'Pulling'),
    waitingForSlot: count(({ waitingFor }) => waitingFor === 'Slot'),
  };
}

function countCells(node: NodeRecord): Record<CellState, number> {
  const counts = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as Record<CellState, number>;
  for (const { image } of node.home.plan.items) counts[cellOf(node, image)?.state ?? 'Unknown'] += 1;
  return counts;
}

/** Undefined for a silent node: what it reported may no longer be so. */
function cellOf(node: NodeRecord, image: ImageRef): CellReport | undefined {
  return node.silent ? undefined : node.heard?.cells.get(image);
}

function unknownImage(image: ImageRef, asks: readonly Ask[]): ApiError {
  const close = asks.filter(({ image: known, rewritten = [] }) =>
    [known, ...rewritten].some(text => text.includes(image)),
  );
  return new ApiError(
    'UnknownImage',
    `nothing asks for ${JSON.stringify(image)}; images are named exactly as a pod writes them, or as a rule rewrites them`,
    { details: [...new Set(close.map(ask => ask.image))].slice(0, 5) },
  );
}
