import Type, { type Static } from 'typebox';
import { FAILURE_KINDS } from '../cell.ts';
import { Timestamp } from '../messages/report.ts';

export const RESOURCE_KINDS = ['Prefetch', 'ClusterPrefetch'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

export const ResourceRef = Type.Object({
  kind: Type.Enum([...RESOURCE_KINDS]),
  /** Absent for a ClusterPrefetch. */
  namespace: Type.Optional(Type.String()),
  name: Type.String(),
});
export type ResourceRef = Static<typeof ResourceRef>;

/** `Prefetch shop/web`, `ClusterPrefetch base`: how people write it, and a key. */
export function resourceName(ref: ResourceRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

export const Condition = Type.Object({
  type: Type.Enum(['Accepted', 'Ready', 'Warm']),
  status: Type.Enum(['True', 'False', 'Unknown']),
  reason: Type.String(),
  message: Type.String(),
  observedGeneration: Type.Integer(),
  lastTransitionTime: Timestamp,
});
export type Condition = Static<typeof Condition>;

const Count = Type.Integer({ minimum: 0 });

/** Cells of one resource. `cells` is what counts for Warm: held ones and those of nodes that are not Ready do not. */
export const Summary = Type.Object({
  images: Count,
  nodes: Count,
  cells: Count,
  present: Count,
  pulling: Count,
  waiting: Count,
  failed: Count,
  unknown: Count,
  /** On nodes that are cordoned, under disk pressure or being deleted. */
  held: Count,
  /** On Ready nodes without an agent that reports. */
  noAgent: Count,
});
export type Summary = Static<typeof Summary>;

export const StatusFailure = Type.Object({
  image: Type.String(),
  reason: Type.Enum([...FAILURE_KINDS]),
  message: Type.String(),
  nodes: Count,
  /** Up to three of them, by name. */
  examples: Type.Array(Type.String()),
  since: Timestamp,
});
export type StatusFailure = Static<typeof StatusFailure>;

export const PrefetchStatus = Type.Object({
  observedGeneration: Type.Integer(),
  conditions: Type.Array(Condition),
  /** `470/480`: present cells of those that count. */
  warm: Type.String(),
  summary: Summary,
  /** The worst 10, never a list per node. */
  failures: Type.Array(StatusFailure),
  /** Different repository digests under one tag, the worst 10. */
  skew: Type.Array(
    Type.Object({ image: Type.String(), digests: Type.Array(Type.Object({ digest: Type.String(), nodes: Count })) }),
  ),
});
export type PrefetchStatus = Static<typeof PrefetchStatus>;
