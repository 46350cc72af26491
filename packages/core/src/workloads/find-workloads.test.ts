import { aResource, aWorkload } from '@kube-prefetch/core/testing';
import { type NamespaceChoice, type ResourceRef, type WorkloadChoice } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import type { KnownKind, Namespace, Workload, WorkloadAnnotations } from '../state/cluster-state.ts';
import { describeWorkload, findWorkloads, workloadsThatCount } from './find-workloads.ts';

const PREFETCH: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const CLUSTER: ResourceRef = { kind: 'ClusterPrefetch', name: 'base' };

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'];
const groupOf = (kind: string) => (kind.endsWith('Job') ? 'batch' : 'apps');

function found(
  ref: ResourceRef,
  workloads: readonly WorkloadChoice[],
  among: readonly Workload[],
  kinds: readonly KnownKind[] = [],
): readonly string[] {
  const namespaces: readonly Namespace[] = [
    { name: 'shop', labels: { env: 'prod' } },
    { name: 'ops', labels: { env: 'prod' } },
    { name: 'lab', labels: {} },
  ];
  const resource = aResource({ ref, spec: { workloads: [...workloads] } });
  const { workloads: all, unclear } = findWorkloads(resource, workloadsThatCount(among), namespaces, kinds);
  return all.map(workload => {
    const { kind, namespace, name } = workload;
    return `${kind} ${namespace}/${name}${unclear.has(workload) ? ' unclear' : ''}`;
  });
}

test.each(KINDS)('%s is found where its kind is asked for, and only there', kind => {
  const workload = aWorkload({ group: groupOf(kind), kind });
  expect(found(PREFETCH, [{ kinds: [kind], selector: {} }], [workload])).toEqual([`${kind} shop/web`]);
  const others = KINDS.filter(other => other !== kind);
  expect(found(PREFETCH, [{ kinds: others, selector: {} }], [workload])).toEqual([]);
});

const owner = (group: string, kind: string) => ({ group, kind, name: 'up' });

test.each([
  ['ReplicaSet', { owner: owner('apps', 'Deployment') }, false],
  ['ReplicaSet', { owner: owner('apps.example.io', 'Deployment') }, true],
  ['ReplicaSet', { owner: owner('argoproj.io', 'Rollout') }, true],
  ['Job', { group: 'batch', owner: owner('batch', 'CronJob') }, false],
  ['Job', { group: 'batch', owner: owner('jobset.x-k8s.io', 'JobSet') }, true],
  ['Job', { group: 'batch', owner: owner('apps', 'Deployment') }, true],
  ['StatefulSet', { owner: owner('apps', 'Deployment') }, true],
  ['Job', { group: 'batch', finished: true }, false],
] as const)('%s with %j counts: %j', (kind, parts, counts) => {
  expect(found(PREFETCH, [{ kinds: KINDS, selector: {} }], [aWorkload({ kind, ...parts })])).toHaveLength(
    counts ? 1 : 0,
  );
});

const rollout = (name: string, createdAt: string, idle: boolean, controller = 'u1') =>
  aWorkload({ kind: 'ReplicaSet', name, revision: { controller, createdAt, idle } });

test('of a controller that is not read, the ReplicaSets with replicas count, and the newest', () => {
  const workloads = [
    rollout('old', '2026-01-01T00:00:00Z', true),
    rollout('stable', '2026-01-02T00:00:00Z', false),
    rollout('undone', '2026-01-03T00:00:00Z', true),
    rollout('canary', '2026-01-04T00:00:00Z', true),
    rollout('asleep', '2026-01-01T00:00:00Z', true, 'u2'),
    aWorkload({ kind: 'ReplicaSet', name: 'bare' }),
  ];
  expect(found(PREFETCH, [{ kinds: ['ReplicaSet'], selector: {} }], workloads)).toEqual(
    ['stable', 'canary', 'asleep', 'bare'].map(name => `ReplicaSet shop/${name}`),
  );
});

test('a workload counts once if any entry finds it', () => {
  const entry = (labels: Record<string, string>): WorkloadChoice => ({
    kinds: ['Deployment'],
    selector: { matchLabels: labels },
  });
  const workloads = [
    aWorkload({ name: 'both', labels: { tier: 'web', team: 'a' } }),
    aWorkload({ name: 'second', labels: { team: 'a' } }),
    aWorkload({ name: 'neither' }),
  ];
  expect(found(PREFETCH, [entry({ tier: 'web' }), entry({ team: 'a' })], workloads)).toEqual([
    'Deployment shop/both',
    'Deployment shop/second',
  ]);
});

test('no entry finds nothing', () => {
  expect(found(CLUSTER, [], [aWorkload()])).toEqual([]);
});

const everywhere = ['shop', 'ops', 'lab', 'unread'].map(namespace => aWorkload({ namespace }));
const NAMESPACES: readonly [
  what: string,
  ref: ResourceRef,
  choice: NamespaceChoice | undefined,
  expected: readonly string[],
][] = [
  ['a Prefetch keeps to its own', PREFETCH, undefined, ['shop']],
  ['a ClusterPrefetch without a choice', CLUSTER, undefined, ['shop', 'ops', 'lab', 'unread']],
  ['an empty choice', CLUSTER, {}, ['shop', 'ops', 'lab', 'unread']],
  ['empty names', CLUSTER, { names: [] }, ['shop', 'ops', 'lab', 'unread']],
  ['all but', CLUSTER, { exclude: ['shop', 'unread'] }, ['ops', 'lab']],
  ['names', CLUSTER, { names: ['lab', 'absent'] }, ['lab']],
  ['a name whose labels were not read', CLUSTER, { names: ['unread'] }, ['unread']],
  ['a selector', CLUSTER, { selector: { matchLabels: { env: 'prod' } } }, ['shop', 'ops']],
  ['the empty selector takes all that were read', CLUSTER, { selector: {} }, ['shop', 'ops', 'lab']],
  [
    'names and selector together',
    CLUSTER,
    { names: ['lab'], selector: { matchLabels: { env: 'prod' } } },
    ['shop', 'ops', 'lab'],
  ],
  [
    'names, a selector, all but',
    CLUSTER,
    { names: ['lab'], selector: { matchLabels: { env: 'prod' } }, exclude: ['lab', 'ops'] },
    ['shop'],
  ],
  [
    'empty names beside a selector',
    CLUSTER,
    { names: [], selector: { matchLabels: { env: 'prod' } } },
    ['shop', 'ops'],
  ],
];

test.each(NAMESPACES)('namespaces: %s', (_what, ref, namespaces, expected) => {
  const entry: WorkloadChoice = { kinds: ['Deployment'], selector: {}, ...(namespaces && { namespaces }) };
  expect(found(ref, [entry], everywhere)).toEqual(expected.map(namespace => `Deployment ${namespace}/web`));
});

const known = (kind: string, group: string, parts: Partial<KnownKind> = {}): KnownKind => ({
  group,
  kind,
  read: true,
  gaps: [],
  notes: [],
  ...parts,
});
const KNOWN = [
  known('Rollout', 'argoproj.io'),
  known('StatefulSet', 'apps.kruise.io'),
  known('JobSet', 'jobset.x-k8s.io'),
  known('TrainJob', 'trainer.kubeflow.org', { makes: { group: 'jobset.x-k8s.io', kind: 'JobSet' } }),
  known('Service', 'serving.knative.dev', { makes: { group: 'apps', kind: 'Deployment', label: 'knative/service' } }),
];
const jobs = [
  aWorkload({ group: 'jobset.x-k8s.io', kind: 'JobSet', name: 'train' }),
  aWorkload({
    group: 'batch',
    kind: 'Job',
    name: 'train-0',
    owner: { ...owner('jobset.x-k8s.io', 'JobSet'), name: 'train' },
  }),
  aWorkload({ group: 'batch', kind: 'Job', name: 'other' }),
  aWorkload({
    group: 'jobset.x-k8s.io',
    kind: 'JobSet',
    name: 'tune',
    owner: owner('trainer.kubeflow.org', 'TrainJob'),
  }),
];
const sets = [
  aWorkload({ kind: 'StatefulSet', name: 'plain' }),
  aWorkload({ group: 'apps.kruise.io', kind: 'StatefulSet', name: 'advanced' }),
];
const deployments = [aWorkload({ name: 'plain' }), aWorkload({ name: 'knative', labels: { 'knative/service': 'a' } })];

test.each([
  ['one of two kinds of one name: that of Kubernetes', sets, ['StatefulSet'], ['StatefulSet shop/plain']],
  ['with its group: the other one', sets, ['StatefulSet.apps.kruise.io'], ['StatefulSet shop/advanced']],
  ['one kind: what other kinds made of it as well', jobs, ['Job'], ['Job shop/train-0', 'Job shop/other']],
  [
    'owner and owned: each counts once',
    jobs,
    ['Job', 'JobSet'],
    ['JobSet shop/train', 'Job shop/other', 'JobSet shop/tune'],
  ],
  ['a kind whose controller makes the templates', jobs, ['TrainJob'], ['JobSet shop/tune']],
  ['it and what it makes: each counts once', jobs, ['TrainJob', 'JobSet'], ['JobSet shop/train', 'JobSet shop/tune']],
  ['a kind known by a label of what it makes', deployments, ['Service'], ['Deployment shop/knative']],
  ['a kind that nobody knows', jobs, ['Fleet'], []],
] as const)('kinds: %s', (_what, among, kinds, expected) => {
  expect(found(PREFETCH, [{ kinds: [...kinds], selector: {} }], among, KNOWN)).toEqual(expected);
});

test.each([
  ['was not read', [], {}],
  ['has finished', [aWorkload({ group: 'jobset.x-k8s.io', kind: 'JobSet', name: 'up', finished: true })], {}],
  [
    'has other labels than the selector wants',
    [aWorkload({ group: 'jobset.x-k8s.io', kind: 'JobSet', name: 'up' })],
    { app: 'a' },
  ],
  [
    'is in another namespace',
    [aWorkload({ group: 'jobset.x-k8s.io', kind: 'JobSet', namespace: 'ops', name: 'up' })],
    {},
  ],
])('what an owner made counts where the owner %s', (_why, owners, labels) => {
  const job = aWorkload({ group: 'batch', kind: 'Job', labels, owner: owner('jobset.x-k8s.io', 'JobSet') });
  const entry = { kinds: ['Job', 'JobSet'], selector: { matchLabels: labels } };
  expect(found(PREFETCH, [entry], [...owners, job], KNOWN)).toEqual(['Job shop/web']);
});

const referring = (name: string, to: string) =>
  aWorkload({
    group: 'argoproj.io',
    kind: 'Rollout',
    name,
    labels: { app: name },
    reference: { group: 'apps', kind: 'Deployment', name: to },
    pod: { containers: [] },
  });

test('a Rollout that refers to a Deployment stands for it, once, and one that refers to nothing is told', () => {
  const among = [aWorkload(), referring('web', 'web'), referring('again', 'web'), referring('lost', 'gone')];
  const resource = (kinds: string[]) => aResource({ spec: { workloads: [{ kinds, selector: {} }] } });
  const both = findWorkloads(resource(['Rollout', 'Deployment']), among, [], KNOWN);
  expect(both.workloads).toEqual([among[0]]);
  const alone = findWorkloads(resource(['Rollout']), among, [], KNOWN);
  expect(alone.workloads).toEqual([among[0]]);
  expect(alone.notes).toEqual([
    'Rollout.argoproj.io shop/lost takes its template of Deployment shop/gone, which is not known',
  ]);
});

test.each([
  [aWorkload(), 'Deployment shop/web'],
  [
    aWorkload({ group: 'argoproj.io', kind: 'Rollout', resting: 'suspended' }),
    'Rollout.argoproj.io shop/web, suspended',
  ],
  [
    aWorkload({
      group: 'ray.io',
      kind: 'RayCluster',
      template: 'spec.headGroupSpec.template',
      resting: 'scaled to zero',
    }),
    'RayCluster.ray.io shop/web spec.headGroupSpec.template, scaled to zero',
  ],
])('a workload is told by kind, name and template: %#', (workload, expected) => {
  expect(describeWorkload(workload)).toBe(expected);
});

test('onlyAnnotated finds what is annotated, and keeps what is warm where the annotation cannot be understood', () => {
  const prefetch = (name: string, prefetch?: 'yes' | 'unclear') =>
    aWorkload({ name, annotations: { ...(prefetch && { prefetch }), problems: [] } });
  const among = [prefetch('yes', 'yes'), prefetch('unclear', 'unclear'), prefetch('no'), aWorkload({ name: 'silent' })];
  const annotated = { kinds: ['Deployment'], selector: {}, onlyAnnotated: true } satisfies WorkloadChoice;
  const every = { ...annotated, onlyAnnotated: false };
  expect(found(PREFETCH, [annotated], among)).toEqual(['Deployment shop/yes', 'Deployment shop/unclear unclear']);
  expect(found(PREFETCH, [annotated, every], among)).toEqual(among.map(({ name }) => `Deployment shop/${name}`));
  const labelled = { ...annotated, selector: { matchLabels: { app: 'web' } } };
  expect(found(PREFETCH, [labelled], among)).toEqual([]);
});

test('what a Rollout says by annotations holds for the Deployment that it refers to', () => {
  const target = aWorkload({ annotations: { exclude: ['init'], problems: [] } });
  const rollout = (annotations: WorkloadAnnotations) => ({ ...referring('up', 'web'), annotations });
  const resource = (kinds: string[]) =>
    aResource({ spec: { workloads: [{ kinds, selector: {}, onlyAnnotated: true }] } });
  const alone = findWorkloads(
    resource(['Rollout']),
    [target, rollout({ prefetch: 'unclear', exclude: ['main'], problems: ['it makes no sense'] })],
    [],
    KNOWN,
  );
  expect(alone.workloads.map(({ annotations }) => annotations)).toEqual([
    { exclude: ['init', 'main'], problems: ['it makes no sense'] },
  ]);
  expect([...alone.unclear]).toEqual(alone.workloads);
  const all = [target, rollout({ prefetch: 'yes', exclude: 'all', problems: [] })];
  const { workloads, unclear } = findWorkloads(resource(['Rollout']), all, [], KNOWN);
  expect(workloads[0]?.annotations?.exclude).toBe('all');
  expect(unclear.size).toBe(0);
});
