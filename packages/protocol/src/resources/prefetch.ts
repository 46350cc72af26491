import Type, { type Static } from 'typebox';

/** The group and version of Prefetch and ClusterPrefetch. */
export const API_VERSION = 'kube-prefetch.io/v1alpha1';

export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

const Labels = Type.Record(Type.String(), Type.String({ maxLength: 63 }), { maxProperties: 64 });

export const LabelSelector = Type.Object({
  matchLabels: Type.Optional(Labels),
  matchExpressions: Type.Optional(
    Type.Array(
      Type.Object({
        key: Type.String({ minLength: 1, maxLength: 317 }),
        operator: Type.String({ maxLength: 32 }),
        values: Type.Optional(Type.Array(Type.String({ maxLength: 63 }), { maxItems: 64 })),
      }),
      { maxItems: 64 },
    ),
  ),
});
export type LabelSelector = Static<typeof LabelSelector>;

export const Toleration = Type.Object({
  key: Type.Optional(Type.String({ maxLength: 317 })),
  operator: Type.Optional(Type.String({ maxLength: 32 })),
  value: Type.Optional(Type.String({ maxLength: 63 })),
  effect: Type.Optional(Type.String({ maxLength: 32 })),
  tolerationSeconds: Type.Optional(Type.Integer()),
});
export type Toleration = Static<typeof Toleration>;

const Name = Type.String({ minLength: 1, maxLength: 253 });
const Glob = Type.String({ minLength: 1, maxLength: 512 });

export const NamespaceChoice = Type.Object({
  names: Type.Optional(Type.Array(Name, { maxItems: 256 })),
  selector: Type.Optional(LabelSelector),
  exclude: Type.Optional(Type.Array(Name, { maxItems: 256 })),
});
export type NamespaceChoice = Static<typeof NamespaceChoice>;

export const WorkloadChoice = Type.Object({
  kinds: Type.Array(Type.Enum([...WORKLOAD_KINDS]), { minItems: 1, maxItems: 6, default: ['Deployment'] }),
  /** The workload's own labels; `{}` means all. */
  selector: LabelSelector,
  /** ClusterPrefetch only: (names ∪ selector) − exclude; absent: all. */
  namespaces: Type.Optional(NamespaceChoice),
});
export type WorkloadChoice = Static<typeof WorkloadChoice>;

export const NodeChoice = Type.Object({
  selector: Type.Optional(LabelSelector),
  /** Globs over node names. */
  names: Type.Optional(Type.Array(Glob, { maxItems: 256 })),
  /** Of images named outright, which have no pod to take them from. */
  tolerations: Type.Optional(Type.Array(Toleration, { maxItems: 64 })),
  /** All: also where the scheduler would put no such pod; ClusterPrefetch only. */
  placement: Type.Enum(['Eligible', 'All'], { default: 'Eligible' }),
});
export type NodeChoice = Static<typeof NodeChoice>;

/** The one declaration: type, validation, defaults, reference documentation and, in Kubernetes, the CRD come from it. */
export const PrefetchSpec = Type.Object({
  images: Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 500, default: [] }),
  workloads: Type.Array(WorkloadChoice, { maxItems: 32, default: [] }),
  /** Globs over the reference as written and as normalised; `*` crosses `/`. */
  exclude: Type.Array(Glob, { maxItems: 100, default: [] }),
  nodes: Type.Optional(NodeChoice),
  /** Higher first on every node; above 0 only in a ClusterPrefetch. */
  priority: Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, default: 0 }),
  /** Starts no pull, deletes nothing. */
  suspend: Type.Boolean({ default: false }),
});
export type PrefetchSpec = Static<typeof PrefetchSpec>;
