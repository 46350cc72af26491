import Type, { type Static } from 'typebox';
import { CREDENTIAL_REASONS, FAILURE_KINDS } from '../cell.ts';
import { MAX_TIMESTAMP_LENGTH } from '../shared-fields.ts';

export const RESOURCE_KINDS = ['Prefetch', 'ClusterPrefetch'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** Another operator's Prefetch, which is called as ours. */
export const TECHSQUAD_KIND = 'Prefetch.cache.techsquad.rocks';

export const ResourceRef = Type.Object({
  kind: Type.Enum([...RESOURCE_KINDS, TECHSQUAD_KIND]),
  /** Absent for a ClusterPrefetch. */
  namespace: Type.Optional(Type.String()),
  name: Type.String(),
});
export type ResourceRef = Static<typeof ResourceRef>;

/** `Prefetch shop/web`, `ClusterPrefetch base`: how people write it, and a key. */
export function resourceName(ref: ResourceRef): string {
  return ref.namespace === undefined ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

// Descriptions are the reference documentation (docs/resources.md) and end without a full stop.

const Generation = Type.Integer({ description: 'The `metadata.generation` of the spec that this is about' });

export const Condition = Type.Object(
  {
    type: Type.Enum(['Accepted', 'Ready', 'Warm', 'Stalled'], {
      description:
        '`Accepted`: the spec is valid. `Ready`: accepted, everything it is made from could be read, and plans are published. `Warm`: every cell that counts is present; never when nothing matched. `Stalled`: only there while the spec is not accepted, for tools that stop waiting then',
    }),
    status: Type.Enum(['True', 'False', 'Unknown'], { description: 'Whether it holds' }),
    reason: Type.String({ description: 'One word for programs' }),
    message: Type.String({ description: 'A sentence for people' }),
    observedGeneration: Generation,
    lastTransitionTime: Type.String({ maxLength: MAX_TIMESTAMP_LENGTH, description: 'When `status` last changed' }),
  },
  { description: 'One condition' },
);
export type Condition = Static<typeof Condition>;

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const Summary = Type.Object(
  {
    images: count('Images wanted'),
    nodes: count('Nodes on which an image is wanted, of those that get an agent'),
    cells: count(
      'Cells that count for `Warm`: not those that are held, on nodes that are not Ready, or not applicable',
    ),
    present: count('The runtime has the image'),
    pulling: count('Being pulled'),
    waiting: count('Absent, about to be pulled'),
    failed: count('The last pull failed'),
    stale: count('The runtime has the image, but not what its tag stands for now'),
    unknown: count('No answer about it yet'),
    held: count('On nodes that are cordoned, under pressure, being deleted or otherwise held'),
    noAgent: count('On Ready nodes without an agent that reports'),
    notApplicable: count(
      "On nodes that get no agent, because the agents' DaemonSet leaves them out; they do not count",
    ),
  },
  { description: 'Counts of cells: pairs of an image and a node where it is wanted' },
);
export type Summary = Static<typeof Summary>;

export const StatusFailure = Type.Object(
  {
    image: Type.String({ description: 'The image as the pod writes it' }),
    reason: Type.Enum([...FAILURE_KINDS, ...CREDENTIAL_REASONS], {
      description: 'The failure kind, or why a pull secret cannot be used',
    }),
    message: Type.String({
      description: 'What the runtime said; in a Prefetch what the reason means; of a pull secret which one it is',
    }),
    nodes: count('How many nodes it failed on, or waits on'),
    examples: Type.Array(Type.String(), { description: 'Up to three of them, by name' }),
    since: Type.String({
      maxLength: MAX_TIMESTAMP_LENGTH,
      description: 'Since when the first of them fails for this reason; retries in between do not count',
    }),
  },
  { description: 'One image that failed for one reason' },
);
export type StatusFailure = Static<typeof StatusFailure>;

const DigestTally = Type.Object(
  {
    digest: Type.String({ description: 'The repository digest' }),
    nodes: count('How many nodes hold it'),
  },
  { description: 'One of the digests' },
);

const Skew = Type.Object(
  {
    image: Type.String({ description: 'The image as the pod writes it' }),
    digests: Type.Array(DigestTally, { description: 'What nodes hold under it' }),
  },
  { description: 'One image' },
);

/** How many of them a status holds, and how long what it says of one may be. */
export const MAX_RECENT_PODS = 50;
export const MAX_RECENT_POD_LENGTH = 4_096;

export const RecentPod = Type.Object(
  {
    namespace: Type.String({ description: 'Their namespace' }),
    images: Type.Array(Type.String(), { description: 'Their images' }),
    lastUsed: Type.Optional(
      Type.String({
        maxLength: MAX_TIMESTAMP_LENGTH,
        description: 'When the last of them was gone; absent while one is there',
      }),
    ),
    pod: Type.String({ description: 'What of them decides about images and nodes, for the coordinator' }),
  },
  { description: 'Pods with the same images that may run on the same nodes' },
);
export type RecentPod = Static<typeof RecentPod>;

export const PrefetchStatus = Type.Object(
  {
    observedGeneration: Generation,
    conditions: Type.Array(Condition, {
      'x-kubernetes-list-map-keys': ['type'],
      description: '`Accepted`, `Ready` and `Warm`, and `Stalled` beside an `Accepted` that is False',
    }),
    warm: Type.String({ description: 'Present cells of those that count, `470/480`' }),
    summary: Summary,
    failures: Type.Array(StatusFailure, { description: 'The worst 10, never a list per node' }),
    skew: Type.Array(Skew, {
      description: 'Images of which nodes hold different contents under one tag, the worst 10',
    }),
    recentPods: Type.Optional(
      Type.Array(RecentPod, {
        description:
          'With the kind `Pod`: whose images are wanted, those that are there and the latest first, at most 50; a coordinator that starts knows them from here',
      }),
    ),
  },
  { description: 'What is warm, and why the rest is not' },
);
export type PrefetchStatus = Static<typeof PrefetchStatus>;
