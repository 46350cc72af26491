import type {
  Amounts,
  ClusterState,
  KindRef,
  KnownKind,
  Labels,
  Namespace,
  Node,
  NodeSelector,
  PodSpec,
  Resource,
  Taint,
  Workload,
  WorkloadAnnotations,
  WorkloadOwner,
} from '@kube-prefetch/core';
import { PRESSURES } from '@kube-prefetch/core';
import {
  type LabelSelector,
  type NodeChoice,
  type PrefetchSpec,
  type ResourceRef,
  TECHSQUAD_KIND,
  type Toleration,
} from '@kube-prefetch/protocol';
import fc, { type Arbitrary } from 'fast-check';

/**
 * Small vocabularies, so that selectors meet labels, tolerations meet taints and several resources meet at one image often
 * enough for properties to mean something.
 */
const NAMESPACES = ['shop', 'ops', 'lab'];
const IMAGES = [
  'nginx',
  'nginx:latest',
  'nginx:1.27',
  'docker.io/library/nginx:1.27',
  'r.example/team/app:1',
  'r.example/team/debug-tools:1',
  `r.example/team/app@sha256:${'a'.repeat(64)}`,
  'Malformed:::',
];
const SECRETS = ['regcred', 'cloud'];
const TAINTS: readonly Taint[] = [
  { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
  { key: 'dedicated', value: 'web', effect: 'NoExecute' },
  { key: 'spot', value: '', effect: 'PreferNoSchedule' },
  { key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', value: '', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', value: '', effect: 'NoSchedule' },
  { key: 'ebs.csi.aws.com/agent-not-ready', value: '', effect: 'NoExecute' },
  { key: 'karpenter.sh/disrupted', value: '', effect: 'NoSchedule' },
];

const optional = <T>(arbitrary: Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const few = <T>(values: readonly T[], maxLength = 3) => fc.subarray([...values], { maxLength });
const seldom = fc.constantFrom(...Array<boolean>(9).fill(false), true);
const key: Arbitrary<string> = fc.constantFrom('pool', 'zone', 'cores');
const value: Arbitrary<string> = fc.constantFrom('gpu', 'web', 'a', '4', '16');

const labels: Arbitrary<Labels> = fc.dictionary(key, value, { maxKeys: 3 });

const labelSelector: Arbitrary<LabelSelector> = fc.oneof(
  { weight: 9, arbitrary: fc.constant<LabelSelector>({}) },
  { weight: 3, arbitrary: fc.dictionary(key, value, { maxKeys: 1 }).map(matchLabels => ({ matchLabels })) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        key,
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }),
      })
      .map(expression => ({ matchExpressions: [expression] })),
  },
  { weight: 1, arbitrary: fc.constant<LabelSelector>({ matchExpressions: [{ key: 'pool', operator: 'Has' }] }) },
);

const nodeSelector: Arbitrary<NodeSelector> = fc
  .array(
    fc.record({
      matchExpressions: fc.array(
        fc.record({
          key,
          operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
          values: fc.array(value, { maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
      matchFields: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        fc.constant([{ key: 'metadata.name', operator: 'In', values: ['node-1'] }]),
      ),
    }),
    { maxLength: 2 },
  )
  .map(terms => ({ terms }));

const tolerations: Arbitrary<Toleration[]> = few<Toleration>([
  { operator: 'Exists' },
  { key: 'dedicated', value: 'gpu' },
  { key: 'dedicated', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' },
]);

const gpus = fc.constantFrom<Amounts>({}, { 'nvidia.com/gpu': 1 }, { 'nvidia.com/gpu': 4 });
const someGpus = fc.oneof({ weight: 5, arbitrary: gpus }, fc.constant<Amounts>({ 'nvidia.com/gpu': 0 }));

const podImages = fc.array(
  fc.record(
    {
      image: fc.constantFrom(...IMAGES),
      pullPolicy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
      name: fc.constantFrom('main', 'proxy'),
    },
    { requiredKeys: ['image'] },
  ),
  { maxLength: 2 },
);

const podSpec: Arbitrary<PodSpec> = fc.record(
  {
    containers: podImages,
    initContainers: podImages,
    imageVolumes: podImages,
    nodeName: fc.constantFrom('node-1', 'node-9'),
    nodeSelector: fc.dictionary(key, value, { maxKeys: 1 }),
    nodeAffinity: nodeSelector,
    tolerations,
    imagePullSecrets: few(['', ...SECRETS], 2),
    serviceAccountName: fc.constantFrom('builder', 'default'),
    os: fc.constantFrom('linux', 'windows'),
    extendedResources: gpus,
  },
  { requiredKeys: ['containers', 'initContainers', 'imageVolumes', 'tolerations', 'extendedResources'] },
);

const KINDS: readonly KindRef[] = [
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map(kind => ({ group: 'apps', kind })),
  ...['CronJob', 'Job'].map(kind => ({ group: 'batch', kind })),
  { group: 'argoproj.io', kind: 'Rollout' },
];

/** Mostly as if all were well with the only kind that is not Kubernetes' own. */
const knownKinds: Arbitrary<readonly KnownKind[]> = fc.tuple(seldom, seldom).map(([unread, withGap]) => [
  {
    group: 'argoproj.io',
    kind: 'Rollout',
    read: !unread,
    gaps: withGap ? ['rollouts.argoproj.io cannot be read'] : [],
    notes: [],
  },
]);

const owner: Arbitrary<WorkloadOwner> = fc.record({
  group: fc.constantFrom('apps', 'batch', 'argoproj.io'),
  kind: fc.constantFrom('Deployment', 'CronJob', 'Rollout'),
  name: fc.constantFrom('web', 'api', 'job'),
});

const annotations: Arbitrary<WorkloadAnnotations> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ problems: [] }) },
  fc.record(
    {
      exclude: fc.constantFrom<('all' | string[])[]>('all', ['proxy'], ['main', 'absent']),
      prefetch: fc.constantFrom('yes', 'unclear'),
      problems: few(['it makes no sense'], 1),
    },
    { requiredKeys: ['problems'] },
  ),
);

const plainWorkload: Arbitrary<Omit<Workload, keyof KindRef>> = fc.record(
  {
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('web', 'api', 'job'),
    labels,
    owner,
    finished: fc.boolean(),
    annotations,
    pod: podSpec,
  },
  { requiredKeys: ['namespace', 'name', 'labels', 'finished', 'pod'] },
);

const workload: Arbitrary<Workload> = fc
  .tuple(fc.constantFrom(...KINDS), plainWorkload)
  .map(([kind, rest]) => ({ ...kind, ...rest }));

const nodeChoice: Arbitrary<NodeChoice> = fc.record(
  {
    selector: labelSelector,
    names: few(['node-*', '*1', 'absent'], 2),
    tolerations,
    placement: fc.constantFrom('Eligible', 'Eligible', 'All'),
  },
  { requiredKeys: ['placement'] },
);

const ref: Arbitrary<ResourceRef> = fc.oneof(
  fc.record({ kind: fc.constant('ClusterPrefetch' as const), name: fc.constantFrom('base', 'extra') }),
  fc.record({
    kind: fc.constantFrom('Prefetch' as const, 'Prefetch' as const, TECHSQUAD_KIND),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('base', 'extra'),
  }),
);

const spec: Arbitrary<PrefetchSpec> = fc
  .record({
    images: few(IMAGES),
    workloads: fc.array(
      fc.record(
        {
          kinds: few(
            KINDS.map(({ kind }) => kind),
            7,
          ),
          selector: labelSelector,
          onlyAnnotated: seldom,
          namespaces: fc.record(
            { names: few(NAMESPACES, 2), selector: labelSelector, exclude: few(NAMESPACES, 1) },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ['kinds', 'selector'] },
      ),
      { maxLength: 2 },
    ),
    exclude: few(['*/debug-*', 'docker.io/*', 'nginx:1.27'], 1),
    rewrite: few(
      [
        { from: 'docker.io/library/nginx', to: 'r.example/team/app' },
        { from: 'docker.io/', to: 'r.example/hub/' },
        { from: 'r.example/', to: 'r.example/' },
      ],
      1,
    ),
    nodes: optional(nodeChoice),
    imagePullSecrets: few(SECRETS, 2).map(names => names.map(name => ({ name }))),
    priority: fc.constantFrom(0, 0, 10, -5),
    suspend: fc.boolean(),
  })
  .map(({ nodes, ...rest }) => (nodes === undefined ? rest : { ...rest, nodes }));

const ownResource: Arbitrary<Resource> = fc.record({
  ref,
  generation: fc.nat(9),
  spec,
  problems: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    fc.constant(['expected a list of images, got a number']),
  ),
});

const resource = ownResource.map(
  (one): Resource => (one.ref.kind === TECHSQUAD_KIND ? { ...one, ownPods: true } : one),
);

const namespace: Arbitrary<Namespace> = fc.record({ name: fc.constantFrom(...NAMESPACES), labels });

const osLabel: Arbitrary<Labels> = fc.constantFrom<Labels[]>({}, {}, { 'kubernetes.io/os': 'windows' });

export const arbitraryNode: Arbitrary<Node> = fc.record(
  {
    name: fc.integer({ min: 0, max: 7 }).map(number => `node-${number}`),
    labels: fc.tuple(labels, osLabel).map(([own, os]): Labels => ({ ...own, ...os })),
    taints: few(TAINTS, 1),
    unschedulable: seldom,
    deleting: seldom,
    ready: fc.constantFrom(true, true, false),
    pressures: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, few(PRESSURES, 2)),
    runtimeVersion: fc.constantFrom('containerd://1.6.20', 'docker://20.10.24'),
    extendedResources: someGpus,
  },
  {
    requiredKeys: ['name', 'labels', 'taints', 'unschedulable', 'deleting', 'ready', 'pressures', 'extendedResources'],
  },
);

/** Any cluster as a source may hand it over: names are unique, lists in any order. */
export const arbitraryState: Arbitrary<ClusterState> = fc.record({
  resources: fc.uniqueArray(resource, {
    maxLength: 5,
    selector: ({ ref: { kind, namespace: ns, name } }) => `${kind} ${ns} ${name}`,
  }),
  workloads: fc.uniqueArray(workload, {
    maxLength: 6,
    selector: ({ kind, namespace: ns, name }) => `${kind} ${ns} ${name}`,
  }),
  kinds: knownKinds,
  namespaces: fc.uniqueArray(namespace, { maxLength: 3, selector: ({ name }) => name }),
  nodes: fc.uniqueArray(arbitraryNode, { maxLength: 6, selector: ({ name }) => name }),
  deviceClasses: fc.constantFrom([], [{ name: 'gpu', createdAt: '', extendedResource: 'nvidia.com/gpu', driver: 'd' }]),
  resourceSlices: fc.uniqueArray(
    fc.record({
      driver: fc.constantFrom('d', 'd', 'e'),
      pool: fc.integer({ min: 0, max: 7 }).map(number => `node-${number}`),
      generation: fc.constantFrom(1, 2),
      devices: fc.constant([{ count: 2 }]),
    }),
    { maxLength: 2, selector: ({ driver, pool }) => `${driver} ${pool}` },
  ),
  serviceAccounts: optional(
    fc.uniqueArray(
      fc.record({
        namespace: fc.constantFrom(...NAMESPACES),
        name: fc.constantFrom('builder', 'default'),
        imagePullSecrets: few(SECRETS, 2),
      }),
      { maxLength: 6, selector: ({ namespace: ns, name }) => `${ns}/${name}` },
    ),
  ),
  ownNamespace: fc.constantFrom('kube-prefetch', 'kube-prefetch', undefined),
  gaps: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.constant(['deployments: forbidden'])),
});
