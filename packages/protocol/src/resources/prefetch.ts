import Type, { type Static, type TArrayOptions, type TProperties, type TSchema, type TUnsafe } from 'typebox';

/** The group and version of Prefetch and ClusterPrefetch. */
export const API_VERSION = 'kube-prefetch.io/v1alpha1';

// Descriptions are the reference documentation (docs/resources.md) and end without a full stop. Every list and string has
// a maximum: in Kubernetes the cost of the cross-field rules is estimated from them.

/** A misspelt field is a problem, and not ignored. */
function closed<P extends TProperties>(properties: P, description: string) {
  return Type.Object(properties, { additionalProperties: false, description });
}

/** A list without order, which several appliers may share: in Kubernetes a set. */
function listOfUnique<T extends TSchema>(items: T, options: TArrayOptions) {
  return Type.Array(items, { ...options, uniqueItems: true });
}

/** A key of several lines is checked as well: the default pattern would pass by its value. */
const AnyKey = Type.String({ pattern: '^' });

const Labels = Type.Record(AnyKey, Type.String({ maxLength: 63 }), {
  maxProperties: 64,
  description: 'Labels that must have these very values',
});

const LabelRequirement = closed(
  {
    key: Type.String({ minLength: 1, maxLength: 317, description: 'The label' }),
    operator: Type.String({ maxLength: 32, description: '`In`, `NotIn`, `Exists` or `DoesNotExist`' }),
    values: Type.Optional(
      Type.Array(Type.String({ maxLength: 63 }), {
        maxItems: 64,
        description: 'At least one with `In` and `NotIn`, none with the others',
      }),
    ),
  },
  'One requirement on one label',
);

const selectorProperties = {
  matchLabels: Type.Optional(Labels),
  matchExpressions: Type.Optional(
    Type.Array(LabelRequirement, { maxItems: 64, description: 'Requirements that must all hold' }),
  ),
};

/** Its parts make sense together only, so one applier owns it as a whole. */
const selectorFor = (description: string) =>
  Type.Object(selectorProperties, { additionalProperties: false, 'x-kubernetes-map-type': 'atomic', description });

export const LabelSelector = selectorFor('As everywhere in Kubernetes; `{}` selects everything');
export type LabelSelector = Static<typeof LabelSelector>;

export const Toleration = closed(
  {
    key: Type.Optional(Type.String({ maxLength: 317, description: "The taint's key; absent, with `Exists`: any" })),
    operator: Type.Optional(Type.String({ maxLength: 32, description: '`Equal` (when absent) or `Exists`' })),
    value: Type.Optional(Type.String({ maxLength: 63, description: "The taint's value, with `Equal`" })),
    effect: Type.Optional(
      Type.String({ maxLength: 32, description: '`NoSchedule`, `PreferNoSchedule`, `NoExecute`; absent: all of them' }),
    ),
    tolerationSeconds: Type.Optional(
      Type.Integer({
        minimum: Number.MIN_SAFE_INTEGER,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Accepted so that a toleration can be copied from a pod; changes nothing here',
      }),
    ),
  },
  'As in a pod',
);
export type Toleration = Static<typeof Toleration>;

const Name = Type.String({ minLength: 1, maxLength: 253 });
const Glob = Type.String({ minLength: 1, maxLength: 512 });

export const NamespaceChoice = closed(
  {
    names: Type.Optional(listOfUnique(Name, { maxItems: 256, description: 'Namespaces by name' })),
    selector: Type.Optional(
      selectorFor('Namespaces by their labels, besides those of `names`; `{}` selects everything'),
    ),
    exclude: Type.Optional(
      listOfUnique(Name, { maxItems: 256, description: 'Namespaces left out, whatever chose them' }),
    ),
  },
  'Only in a ClusterPrefetch. In which namespaces workloads are looked for; all where neither `names` nor `selector` is given',
);
export type NamespaceChoice = Static<typeof NamespaceChoice>;

/** Of a workload: images as its pod template writes them, as its pods carry them after admission, or both. */
const IMAGES_WANTED = ['Written', 'Admitted', 'Both'] as const;

/** How long a duration such as `24h` is. The schema has checked its form. */
export function durationMs(text: string): number {
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[text.slice(-1)] ?? 0;
  return Number(text.slice(0, -1)) * unitMs;
}

export function keepForMs(keepFor = '24h'): number {
  return durationMs(keepFor);
}

export const WorkloadChoice = closed(
  {
    kinds: listOfUnique(Type.String({ minLength: 1, maxLength: 317 }), {
      minItems: 1,
      maxItems: 32,
      default: ['Deployment'],
      description:
        'Kinds of workloads: `Deployment`, `StatefulSet`, `DaemonSet`, `CronJob`, `Job`, `ReplicaSet`, those of [workloads.md](workloads.md), such as `Rollout` or `Rollout.argoproj.io`, and `Pod`: pods that none of these own',
    }),
    selector: selectorFor("The workload's own labels; `{}` selects everything"),
    onlyAnnotated: Type.Optional(
      Type.Boolean({
        description:
          'Of these only workloads with the annotation `kube-prefetch.io/prefetch: "true"`, on the workload or its pod template; all where absent',
      }),
    ),
    images: Type.Optional(
      Type.Enum([...IMAGES_WANTED], {
        description:
          "`Written`: the images of the pod template. `Admitted`: those of its newest pods after admission; the template's as well until one of its pods is seen. `Both`, where absent",
      }),
    ),
    keepFor: Type.Optional(
      Type.String({
        maxLength: 5,
        pattern: '^[1-9][0-9]{0,3}[mhd]$',
        description:
          'With the kind `Pod`: how long images stay wanted after the last pod that used them, `30m`, `24h` or `7d`; `24h` where absent',
      }),
    ),
    namespaces: Type.Optional(NamespaceChoice),
  },
  'Workloads whose images are wanted on the nodes where their pods may run',
);
export type WorkloadChoice = Static<typeof WorkloadChoice>;

export const NodeChoice = closed(
  {
    selector: Type.Optional(selectorFor("The node's labels; `{}` selects everything")),
    names: Type.Optional(
      listOfUnique(Glob, {
        maxItems: 256,
        description: 'Globs over node names, of which one must match; `*` is any text',
      }),
    ),
    tolerations: Type.Optional(
      Type.Array(Toleration, {
        maxItems: 64,
        description: 'For images named outright, which have no pod to take them from',
      }),
    ),
    placement: Type.Enum(['Eligible', 'All'], {
      default: 'Eligible',
      description:
        '`Eligible`: of the chosen nodes those where the scheduler could put such a pod. `All`: every chosen node; only in a ClusterPrefetch',
    }),
  },
  'On which nodes; all where absent. `selector` and `names` must both match where both are given',
);
export type NodeChoice = Static<typeof NodeChoice>;

const SecretName = closed(
  { name: Type.String({ minLength: 1, maxLength: 253, description: 'The Secret by name' }) },
  'A Secret of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`',
);

const RepositoryPrefix = (description: string) => Type.String({ minLength: 1, maxLength: 512, description });

export const RewriteRule = closed(
  {
    from: RepositoryPrefix(
      'The registry, or registry and path, with `/` at the end, `docker.io/`: everything below it. Without `/` at the end: this one repository, `docker.io/library/nginx`',
    ),
    to: RepositoryPrefix('What comes in its place; with `/` at the end if `from` has one'),
  },
  'One registry, path or repository in place of another; tag and digest stay as they are',
);
export type RewriteRule = Static<typeof RewriteRule>;

/** A whole number, or text: in Kubernetes an IntOrString. */
function numberOr(text: RegExp, options: { minimum: number; maximum: number; description: string }) {
  const schema = { type: ['integer', 'string'], pattern: text.source, 'x-kubernetes-int-or-string': true, ...options };
  return Type.Unsafe<number | string>(schema) as TUnsafe<number | string> & typeof schema;
}

const MOST_NODES = 100_000;

export const Spread = closed(
  {
    seeds: Type.Integer({
      minimum: 1,
      maximum: MOST_NODES,
      default: 1,
      description: 'Nodes that may pull an image while none holds it',
    }),
    fanout: numberOr(/^all$/, {
      minimum: 1,
      maximum: MOST_NODES,
      description: 'Nodes that may pull for each that holds the image; `all`: all others, once one holds it',
    }),
  },
  'Waves: where nodes or a mirror can serve each other, few fetch an image first',
);
export type Spread = Static<typeof Spread>;

const Pull = closed(
  {
    maxConcurrentNodes: Type.Optional(
      numberOr(/^([1-9][0-9]?|100)%$/, {
        minimum: 1,
        maximum: MOST_NODES,
        description:
          'Nodes that may pull at once for this resource: a number, or a share of the nodes that it reaches, `25%`',
      }),
    ),
    spread: Type.Optional(Spread),
  },
  'How fast; where several resources want an image on a node, its pull keeps the limits of all of them',
);

export const REFRESH_POLICIES = ['AsPod', 'Never', 'Always'] as const;

const Refresh = closed(
  {
    policy: Type.Enum([...REFRESH_POLICIES], {
      default: 'AsPod',
      description:
        '`AsPod`: the tags that a container pulls with Always, by its `imagePullPolicy` or by the default for `latest`; not those of `images`. `Always`: all tags. `Never`: none. What is named by digest is never looked up',
    }),
    interval: Type.Optional(
      Type.String({
        maxLength: 5,
        pattern: '^[1-9][0-9]{0,3}[smhd]$',
        description:
          "How often a tag is looked up, `30m`, `6h` or `1d`; the chart's `refresh.interval` where absent, and no more often than its `refresh.minInterval`",
      }),
    ),
  },
  'Which tags are looked up in their registry, so that nodes pull again what has moved; where several resources want an image on a node, the shortest interval counts',
);

/** The one declaration: type, validation, defaults, reference documentation and, in Kubernetes, the CRD come from it. */
export const PrefetchSpec = closed(
  {
    images: listOfUnique(Type.String({ minLength: 1, maxLength: 512 }), {
      maxItems: 500,
      default: [],
      description: 'Images named outright, exactly as a pod would write them',
    }),
    workloads: Type.Array(WorkloadChoice, {
      maxItems: 32,
      default: [],
      description: 'Workloads whose images are wanted; an image counts if any entry finds it',
    }),
    exclude: listOfUnique(Glob, {
      maxItems: 100,
      default: [],
      description:
        'Globs over the image as written and as normalised, before and after `rewrite`: what matches is left out; `*` is any text, also with `/`',
    }),
    rewrite: Type.Array(RewriteRule, {
      maxItems: 32,
      default: [],
      description:
        'What the cluster makes of references before nodes pull them; the first rule that matches counts, after these the rules of the chart',
    }),
    nodes: Type.Optional(NodeChoice),
    imagePullSecrets: Type.Array(SecretName, {
      maxItems: 32,
      default: [],
      description:
        "Secrets to pull with, after those that the workloads' pods use: of the same namespace, in a ClusterPrefetch of the coordinator's",
    }),
    priority: Type.Integer({
      minimum: -1_000_000,
      maximum: 1_000_000,
      default: 0,
      description: 'Higher is pulled first on every node; above 0 only in a ClusterPrefetch',
    }),
    pull: Type.Optional(Pull),
    refresh: Type.Optional(Refresh),
    suspend: Type.Boolean({ default: false, description: 'Start no pull, delete nothing' }),
  },
  'What to keep warm and where',
);
export type PrefetchSpec = Static<typeof PrefetchSpec>;
