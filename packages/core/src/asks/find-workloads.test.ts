import { aResource, aWorkload } from '@kube-prefetch/core/testing';
import { type NamespaceChoice, type ResourceRef, WORKLOAD_KINDS, type WorkloadChoice } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import type { Namespace, Workload } from '../state/cluster-state.ts';
import { findWorkloads, workloadsThatCount } from './find-workloads.ts';

const PREFETCH: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const CLUSTER: ResourceRef = { kind: 'ClusterPrefetch', name: 'base' };

function found(ref: ResourceRef, workloads: readonly WorkloadChoice[], among: readonly Workload[]): readonly string[] {
  const namespaces: readonly Namespace[] = [
    { name: 'shop', labels: { env: 'prod' } },
    { name: 'ops', labels: { env: 'prod' } },
    { name: 'lab', labels: {} },
  ];
  const resource = aResource({ ref, spec: { workloads: [...workloads] } });
  return findWorkloads(resource, workloadsThatCount(among), namespaces).map(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
  );
}

test.each(WORKLOAD_KINDS)('%s is found where its kind is asked for, and only there', kind => {
  const workload = aWorkload({ kind });
  expect(found(PREFETCH, [{ kinds: [kind], selector: {} }], [workload])).toEqual([`${kind} shop/web`]);
  const others = WORKLOAD_KINDS.filter(other => other !== kind);
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
  expect(found(PREFETCH, [{ kinds: [...WORKLOAD_KINDS], selector: {} }], [aWorkload({ kind, ...parts })])).toHaveLength(
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
