import {
  type CellState,
  type ImageRef,
  type NodeGroup,
  type Preview,
  type PreviewImage,
  type PreviewPlacement,
  type RewriteRule,
  resourceName,
} from '@kube-prefetch/protocol';
import type { Ask } from '../asks/ask.ts';
import { collectAsks, type UnplannedImages } from '../asks/collect-asks.ts';
import { problemsOf } from '../asks/spec-problems.ts';
import type { BeyondLimit, TenantLimits } from '../asks/tenant-limits.ts';
import { matchNode } from '../placement/match-node.ts';
import type { Placement } from '../placement/placement.ts';
import type { RecentPods } from '../pods/recent-pods.ts';
import type { ClusterState, Node, Resource } from '../state/cluster-state.ts';
import { kindsKnown } from '../workloads/kind-names.ts';
import { groupNodes } from './group-nodes.ts';
import { limitBytes } from './limit-bytes.ts';

/** What the decision is made from besides the resource. */
export interface PreviewParts {
  readonly state: ClusterState;
  readonly nodes: readonly Node[];
  readonly tenants: TenantLimits;
  readonly rewrite: readonly RewriteRule[];
  readonly recentPods: RecentPods;
  readonly startupTaints: readonly string[];
  readonly agents: Placement | undefined;
  /** As nodes that hold it agree on. */
  readonly sizeOf: (image: ImageRef) => number | undefined;
  /** Undefined where nothing is known of that cell. */
  readonly cellState: (node: string, image: ImageRef) => CellState | undefined;
}

const MAX_GROUPS = 10;
const MAX_EXAMPLES = 3;
const MAX_SOURCES = 5;

/** What the resource would do if it were there, or took the place of the one of its name. */
export function previewResource(resource: Resource, parts: PreviewParts): Preview {
  const { tenants, rewrite, recentPods, nodes } = parts;
  const name = resourceName(resource.ref);
  const others = parts.state.resources.filter(({ ref }) => resourceName(ref) !== name);
  const state: ClusterState = { ...parts.state, resources: [...others, resource] };
  const collected = collectAsks(state, tenants, rewrite, recentPods);
  const asks = collected.asks.filter(ask => resourceName(ask.resource) === name);
  const judged = [...Map.groupBy(asks, ({ placement }) => placement)].map(([placement, same]) =>
    judge(placement, same, parts),
  );
  return {
    resource: resource.ref,
    replaces: others.length < parts.state.resources.length,
    problems: [...problemsOf(resource, kindsKnown(state))],
    gaps: [...collected.gaps],
    notes: [
      ...(resource.spec.suspend ? ['it is suspended: no pull would start'] : []),
      ...(collected.notes.get(name) ?? []),
      ...describeUnplanned(collected.unplanned.get(name)),
      ...describeBeyond(collected.beyond.get(name) ?? []),
      ...(nodes.length === 0 ? ['the cluster has no nodes'] : []),
    ],
    images: imagesOf(judged, beyondBytes(collected.asks, name, parts), parts),
    placements: judged.map(({ asks: same, pulling, held, withoutAgent, refused }): PreviewPlacement => {
      const sources = [...new Set(same.flatMap(ask => ask.sources))].sort();
      return {
        sources: sources.slice(0, MAX_SOURCES),
        images: new Set(same.map(({ image }) => image)).size,
        nodes: pulling.length,
        held: groups(held),
        withoutAgent: groups(withoutAgent),
        refused: groups(refused),
      };
    }),
  };
}

interface Judged {
  readonly asks: readonly Ask[];
  readonly pulling: readonly string[];
  readonly held: readonly Said[];
  readonly withoutAgent: readonly Said[];
  readonly refused: readonly Said[];
}

interface Said {
  readonly node: string;
  readonly sentence: string;
}

/** One placement on each node: all images that share it get the same answer. */
function judge(placement: Placement, asks: readonly Ask[], { nodes, startupTaints, agents }: PreviewParts): Judged {
  const judged = { pulling: [] as string[], held: [] as Said[], withoutAgent: [] as Said[], refused: [] as Said[] };
  for (const node of nodes) {
    const { verdict, sentence } = matchNode(placement, node, startupTaints);
    const agent = verdict === 'No' ? undefined : agents && matchNode(agents, node, startupTaints);
    if (verdict === 'No') judged.refused.push({ node: node.name, sentence });
    else if (agent?.verdict === 'No') judged.withoutAgent.push({ node: node.name, sentence: agent.sentence });
    else if (verdict === 'Held') judged.held.push({ node: node.name, sentence });
    else judged.pulling.push(node.name);
  }
  return { asks, ...judged };
}

/** By image: nodes where its namespace may take no more bytes. */
function beyondBytes(
  asks: readonly Ask[],
  name: string,
  { nodes, startupTaints, agents, tenants, sizeOf }: PreviewParts,
): ReadonlyMap<ImageRef, ReadonlySet<string>> {
  const beyond = new Map<ImageRef, Set<string>>();
  if (tenants.bytesPerNode === undefined) return beyond;
  for (const cohort of limitBytes(groupNodes(asks, nodes, startupTaints, agents), tenants, sizeOf)) {
    for (const ask of cohort.asks) {
      if (ask.beyondBytes !== true || resourceName(ask.resource) !== name) continue;
      const known = beyond.get(ask.image) ?? new Set();
      beyond.set(ask.image, known);
      for (const node of cohort.nodes) known.add(node);
    }
  }
  return beyond;
}

/** In pull order; a node counts once, however many ask for the image there. */
function imagesOf(
  judged: readonly Judged[],
  beyond: ReadonlyMap<ImageRef, ReadonlySet<string>>,
  { sizeOf, cellState }: PreviewParts,
): PreviewImage[] {
  const nodesOf = new Map<ImageRef, Set<string>>();
  for (const { asks, pulling } of judged)
    for (const { image } of asks) {
      const known = nodesOf.get(image);
      if (known === undefined) nodesOf.set(image, new Set(pulling));
      else for (const node of pulling) known.add(node);
    }
  return [...nodesOf].map(([image, nodes]) => {
    const pull = [...nodes].filter(node => cellState(node, image) !== 'Present');
    const sizeBytes = sizeOf(image);
    return {
      image,
      ...(sizeBytes !== undefined && { sizeBytes }),
      present: nodes.size - pull.length,
      pull: pull.length,
      examples: pull.slice(0, MAX_EXAMPLES),
      beyondBytes: pull.filter(node => beyond.get(image)?.has(node)).length,
    };
  });
}

/** The most common sentences; what is left out is counted in the last one. */
function groups(said: readonly Said[]): NodeGroup[] {
  const sorted = [...Map.groupBy(said, ({ sentence }) => sentence)].toSorted(([, a], [, b]) => b.length - a.length);
  const shown = sorted.slice(0, MAX_GROUPS).map(([sentence, same]) => groupOf(sentence, same));
  const others = sorted.slice(MAX_GROUPS).flatMap(([, same]) => same);
  return others.length === 0 ? shown : [...shown, groupOf('for other reasons', others)];
}

function groupOf(sentence: string, same: readonly Said[]): NodeGroup {
  return { sentence, nodes: same.length, examples: same.slice(0, MAX_EXAMPLES).map(({ node }) => node) };
}

const UNPLANNED: Readonly<Record<keyof UnplannedImages, string>> = {
  excludedByAnnotation: 'excluded by annotation',
  placeholder: 'placeholders that a webhook or a trigger replaces',
  neverPulled: 'with imagePullPolicy Never',
  tooLong: 'with a name longer than any reference',
};

function describeUnplanned(unplanned: UnplannedImages | undefined): readonly string[] {
  return Object.entries(unplanned ?? {}).flatMap(([reason, count]) =>
    count > 0 ? [`images left out: ${count} ${UNPLANNED[reason as keyof UnplannedImages]}`] : [],
  );
}

const BEYOND: Readonly<Record<BeyondLimit['limit'], string>> = {
  images: 'the administrator lets no Prefetch ask for it',
  imagesPerNamespace: 'its namespace may ask for no more images',
  bytesPerNode: 'its namespace may take no more bytes of a node',
};
const MAX_BEYOND = 10;

function describeBeyond(beyond: readonly BeyondLimit[]): readonly string[] {
  const shown = beyond.slice(0, MAX_BEYOND).map(({ image, limit }) => `${image} is left out: ${BEYOND[limit]}`);
  return beyond.length > MAX_BEYOND ? [...shown, `and ${beyond.length - MAX_BEYOND} more images`] : shown;
}
