import Type, { type Static } from 'typebox';
import { CELL_STATES, LOOK_FAILURES, SLOWING_FAILURES } from '../cell.ts';
import { PrefetchStatus, ResourceRef } from '../resources/status.ts';
import { DigestSchema, ImageRefSchema, Timestamp } from '../shared-fields.ts';
import { CellReport, RuntimeReport } from './report.ts';

/** `NotApplicable`: none reports, and the agents' DaemonSet leaves the node out. */
export const AGENT_STATES = ['Reporting', 'Silent', 'None', 'NotApplicable'] as const;

const CellCounts = Type.Object(
  Object.fromEntries(CELL_STATES.map(state => [state, Type.Integer({ minimum: 0 })])) as Record<
    (typeof CELL_STATES)[number],
    ReturnType<typeof Type.Integer>
  >,
);

export const NodeOverview = Type.Object({
  name: Type.String(),
  agent: Type.Enum([...AGENT_STATES]),
  /** Since the last report; absent where the agent never reported to this coordinator. */
  reportAgeMs: Type.Optional(Type.Integer({ minimum: 0 })),
  held: Type.Optional(Type.String()),
  runtime: Type.Optional(RuntimeReport),
  planRevision: Type.String(),
  reportedRevision: Type.Optional(Type.String()),
  cells: CellCounts,
});
export type NodeOverview = Static<typeof NodeOverview>;

const Count = Type.Integer({ minimum: 0 });

/** Whose a limit is: docs/pacing.md. Those of waves are told apart, as `WaveOverview`. */
export const LIMIT_KINDS = ['Cluster', 'Registry', 'Resource', 'Node'] as const;

/** A bound on pulls that run at once, while something uses it or waits for it. */
export const LimitOverview = Type.Object({
  kind: Type.Enum([...LIMIT_KINDS]),
  /** The registry, the resource as sentences name it, or the node; absent of the cluster. */
  name: Type.Optional(Type.String()),
  counts: Type.Enum(['Pulls', 'Nodes']),
  most: Count,
  /** By permits; of a node by what it reports. Above `most` where the limit was lowered: no limit stops a pull that runs. */
  used: Count,
  /** Pulls that it holds up. One that several limits hold up counts at the first of them. */
  waiting: Count,
});
export type LimitOverview = Static<typeof LimitOverview>;

/** An image that is spread in waves, on the nodes of one architecture, while some pull it or wait for their turn. */
export const WaveOverview = Type.Object({
  image: ImageRefSchema,
  /** As nodes carry it in `kubernetes.io/arch`; empty where they do not. */
  architecture: Type.String(),
  /** Nodes that hold it. */
  holders: Count,
  /** Those of them that count: they have held it for as long as a mirror needs to find them. */
  countedHolders: Count,
  /** Nodes that may pull it at once. */
  allowed: Count,
  /** Nodes that have leave to pull it. */
  pulling: Count,
  /** Those whose pull has had no new byte for long, and takes no turn from others. */
  stuck: Count,
  /** Nodes that wait for their turn. */
  waiting: Count,
  /** When the next holder counts, and more may start; absent where no node holds it that does not count. */
  moreFrom: Type.Optional(Timestamp),
});
export type WaveOverview = Static<typeof WaveOverview>;

/** A registry that has refused or failed pulls since this coordinator began to lead. */
export const RegistryOverview = Type.Object({
  registry: Type.String(),
  /** Absent where it is not slowed now. */
  slowed: Type.Optional(
    Type.Object({
      /** Pulls that it may have at once. */
      most: Count,
      /** Pulls that ran at once before; with so many again it is slowed no more. */
      ranBefore: Count,
      /** When more may run at once, unless it refuses again before. */
      raisedAt: Timestamp,
      /** When it is slowed no more, unless it refuses again before. */
      endsAt: Timestamp,
    }),
  ),
  /** Pulls that it refused as too fast, with 429. */
  rateLimited: Count,
  /** Pulls that failed because it did, or could not be reached. */
  unavailable: Count,
  lastRefusal: Type.Object({
    at: Timestamp,
    kind: Type.Enum([...SLOWING_FAILURES]),
    node: Type.String(),
    image: ImageRefSchema,
  }),
});
export type RegistryOverview = Static<typeof RegistryOverview>;

/** A tag that is looked up in its registry from time to time. */
export const LookOverview = Type.Object({
  image: ImageRefSchema,
  everyMs: Count,
  nextAt: Timestamp,
  /** The node that looks it up now. */
  scout: Type.Optional(Type.String()),
  /** What it stood for at the last look that was answered; absent before the first one of this coordinator. */
  digest: Type.Optional(DigestSchema),
  last: Type.Optional(
    Type.Object({
      at: Timestamp,
      /** Absent where none could be asked. */
      node: Type.Optional(Type.String()),
      failure: Type.Optional(Type.Object({ kind: Type.Enum([...LOOK_FAILURES]), message: Type.String() })),
    }),
  ),
});
export type LookOverview = Static<typeof LookOverview>;

/** Longest lists of an overview: those that hold up most come first. */
export const MAX_OVERVIEW_LIMITS = 500;
export const MAX_OVERVIEW_WAVES = 200;
export const MAX_OVERVIEW_REGISTRIES = 100;
export const MAX_OVERVIEW_LOOKS = 200;

/** Bytes, where they are known: of cells that count for Warm. Sizes are learned from nodes that hold an image, and from running pulls. */
export const ResourceProgress = Type.Object({
  /** Of cells that are not Present and whose image has a known size. */
  missingBytes: Type.Integer({ minimum: 0 }),
  /** Cells that are not Present and whose image has no known size. */
  unsized: Type.Integer({ minimum: 0 }),
  /** Of `missingBytes`, what running pulls have already. */
  doneBytes: Type.Integer({ minimum: 0 }),
  /** Of all running pulls together, each since it began. */
  bytesPerSecond: Type.Integer({ minimum: 0 }),
});
export type ResourceProgress = Static<typeof ResourceProgress>;

export const MAX_RESOURCE_NAMES = 100;

/** Which resources are asked for: those for which both are true. */
export const ResourcesQuery = Type.Object({
  /** Prefetches of this namespace, and every ClusterPrefetch; absent: of all namespaces. */
  namespace: Type.Optional(Type.String()),
  /** With one of these names; absent: with any. */
  name: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_RESOURCE_NAMES })),
});
export type ResourcesQuery = Static<typeof ResourcesQuery>;

/** What is warm, and no word of nodes: for those who look again and again. */
export const ResourcesView = Type.Object({
  epoch: Type.Integer(),
  /** What could not be read; empty: the plans are complete. */
  gaps: Type.Array(Type.String()),
  resources: Type.Array(
    Type.Object({ resource: ResourceRef, status: PrefetchStatus, progress: Type.Optional(ResourceProgress) }),
  ),
});
export type ResourcesView = Static<typeof ResourcesView>;

/** What is warm where, in one page: cells are counted here and listed per node or image. */
export const Overview = Type.Object({
  ...ResourcesView.properties,
  nodes: Type.Array(NodeOverview),
  limits: Type.Array(LimitOverview, { maxItems: MAX_OVERVIEW_LIMITS }),
  waves: Type.Array(WaveOverview, { maxItems: MAX_OVERVIEW_WAVES }),
  registries: Type.Array(RegistryOverview, { maxItems: MAX_OVERVIEW_REGISTRIES }),
  /** Those that failed first, then those that come next. */
  looks: Type.Array(LookOverview, { maxItems: MAX_OVERVIEW_LOOKS }),
  /** How many entries the lists above have no room for. */
  leftOut: Type.Object({ limits: Count, waves: Count, registries: Count, looks: Count }),
});
export type Overview = Static<typeof Overview>;

/** One node with every cell, and for each image the sentence that says who asks for it there. */
export const NodeView = Type.Object({
  ...NodeOverview.properties,
  images: Type.Array(
    Type.Object({ image: Type.String(), cell: Type.Optional(CellReport), because: Type.Array(Type.String()) }),
  ),
});
export type NodeView = Static<typeof NodeView>;

/** One image on every node, with the verdict's sentence for each, also where the verdict is No. */
export const ImageView = Type.Object({
  image: Type.String(),
  /** When its tag was looked up, and what was found, or why it is not; absent for what is named by digest. */
  tag: Type.Optional(Type.String()),
  nodes: Type.Array(
    Type.Object({ node: Type.String(), cell: Type.Optional(CellReport), because: Type.Array(Type.String()) }),
  ),
});
export type ImageView = Static<typeof ImageView>;
