import { type Random, seededRandom } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { toPod, toPodMetadata } from '../pods/to-pod.ts';
import { fields, MalformedField } from '../to-state/index.ts';
import { KNOWN_ROWS } from '../workload-kinds/known-kinds.ts';
import { toWorkloads } from '../workload-kinds/to-workloads.ts';
import type { KubeObject } from '../api/kube-api.ts';
import { NODES } from '../api/kinds.ts';
import { createObjectStore } from './object-store.ts';
import { PROJECTIONS, TECHSQUAD_PROJECTION } from './projections.ts';

/** For more: `FUZZ_RUNS=100000 npx vitest run --project unit packages/cluster/src/source/fuzz-objects.test.ts`. */
const RUNS = Number(process.env.FUZZ_RUNS ?? '1000');
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

const DEEP = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
const ODD = [
  null,
  true,
  -1,
  0.5,
  1e308,
  '',
  '\0',
  '__proto__',
  'x'.repeat(5_000),
  [],
  {},
  [[[{}]]],
  { toString: 1 },
  DEEP,
];
const ODD_KEYS = ['__proto__', 'constructor', 'toString', 'length', ''];

const owners = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u', controller: true }];
const metadata = {
  name: 'web',
  namespace: 'shop',
  uid: 'u',
  generation: 2,
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { app: 'web', 'kubernetes.io/os': 'linux' },
  annotations: { 'kube-prefetch.io/exclude': 'sidecar', 'deprecated.daemonset.template.generation': '3' },
  ownerReferences: owners,
};
const term = { matchExpressions: [{ key: 'gpu', operator: 'In', values: ['a'] }], matchFields: [] };
const pod = {
  containers: [
    { name: 'c', image: 'a:1', imagePullPolicy: 'Always', resources: { limits: { 'nvidia.com/gpu': '1' } } },
  ],
  initContainers: [{ name: 'i', image: 'b:1' }],
  volumes: [{ name: 'v', image: { reference: 'c:1', pullPolicy: 'IfNotPresent' } }],
  imagePullSecrets: [{ name: 'regcred' }],
  serviceAccountName: 'web',
  nodeSelector: { gpu: 'a' },
  nodeName: 'n1',
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
  os: { name: 'linux' },
};
const template = { metadata, spec: pod };
const ray = { headGroupSpec: { template }, workerGroupSpecs: [{ template, replicas: 1 }] };
const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
/** One object that has what any kind has. */
const EVERYTHING = {
  apiVersion: 'v1',
  kind: 'Any',
  metadata,
  imagePullSecrets: [{ name: 'regcred' }],
  spec: {
    ...pod,
    template,
    jobTemplate: { spec: { template } },
    replicatedJobs: [{ name: 'j', replicas: 1, template: { spec: { template } } }],
    leaderWorkerTemplate: { leaderTemplate: template, workerTemplate: template },
    ...ray,
    rayClusterSpec: ray,
    rayClusterConfig: ray,
    submitterPodTemplate: template,
    pytorchReplicaSpecs: { Master: { template, replicas: 1 } },
    replicas: 1,
    suspend: false,
    runPolicy: { suspend: false },
    images: ['a:1'],
    workloads: [{ kinds: ['Deployment'], selector: { matchLabels: { app: 'web' } } }],
    taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
    unschedulable: false,
    selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }],
    extendedResourceName: 'example.com/gpu',
    driver: 'gpu.example.com',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    devices: [{ name: 'd', basic: { attributes: {} } }],
  },
  status: {
    conditions: [condition],
    allocatable: { 'nvidia.com/gpu': '1', cpu: '4' },
    capacity: { 'nvidia.com/gpu': '1' },
    phase: 'Running',
    updateRevision: 'r',
    observedGeneration: 2,
    jobDeploymentStatus: 'Complete',
    containerStatuses: [{ name: 'c', state: { terminated: { finishedAt: '2026-01-01T00:00:00Z' } } }],
  },
};

/** The same with odd values in some places, and odd keys in others. */
function spoil(value: unknown, random: Random): unknown {
  if (random() < 0.03) return ODD[Math.floor(random() * ODD.length)];
  if (Array.isArray(value)) return value.map(each => spoil(each, random));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
    random() < 0.01 ? (ODD_KEYS[Math.floor(random() * ODD_KEYS.length)] as string) : key,
    spoil(each, random),
  ]);
  return Object.fromEntries(entries);
}

const projections = Object.values(PROJECTIONS).flat();
const readers: readonly (readonly [string, (object: KubeObject) => unknown])[] = [
  ...[...projections, TECHSQUAD_PROJECTION].map(({ kind, project }) => [kind.kind, project] as const),
  ...KNOWN_ROWS.map(
    row => [`${row.kind}.${row.group}`, (object: KubeObject) => toWorkloads(row, fields.root(object))] as const,
  ),
  ['Pod', object => toPod(fields.root(object), spec => spec)],
  ['Pod by metadata', object => toPodMetadata(fields.root(object))],
];

test.each(readers)(
  `whatever a tenant writes into a %s, it is read, or said to be malformed (FUZZ_SEED=${SEED})`,
  (kind, read) => {
    const random = seededRandom(SEED);
    const seen = { read: 0, malformed: 0 };
    for (let run = 0; run < RUNS; run += 1) {
      // Its identity is sound: whatever else is no object of the API server's.
      const { metadata: spoiltMetadata, ...spoilt } = { ...(spoil(EVERYTHING, random) as Partial<typeof EVERYTHING>) };
      const sound = { ...spoiltMetadata, name: 'web', namespace: 'shop' };
      const object = { ...spoilt, kind: kind.split('.')[0] ?? '', metadata: sound } as KubeObject;
      try {
        read(object);
        seen.read += 1;
      } catch (error) {
        if (!(error instanceof MalformedField)) throw error;
        expect(error.message.length).toBeLessThan(1_000);
        seen.malformed += 1;
      }
    }
    expect(seen.read).toBeGreaterThan(RUNS / 100);
  },
);

test('an object over which a projection stumbles is named, and hides no other', () => {
  const store = createObjectStore({
    kind: NODES,
    project({ metadata: { name } }) {
      if (name === 'bad') throw new TypeError('x is not a function');
      return name;
    },
  });
  const found = new Map();
  store.take([{ metadata: { name: 'bad' } }, { metadata: { name: 'good' } }], found);
  store.replace(found);
  expect(store.values()).toEqual(['good']);
  expect(store.problems()).toEqual(['Node bad: it cannot be read (x is not a function); it does not count']);
});
