import type { Workload } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { type Field, root } from '../to-state/read-fields.ts';
import { BUILT_IN_KINDS, builtInKind } from './built-in-kinds.ts';
import type { KindRow } from './kind-row.ts';
import { KNOWN_ROWS } from './known-kinds.ts';
import { parsePath } from './template-path.ts';
import { toWorkloads } from './to-workloads.ts';

const toWorkload = (kind: string, object: Field) => toWorkloads(builtInKind(kind), object)[0] as Workload;
const pod = (spec: object = {}) => ({ containers: [{ image: 'a' }], ...spec });
const deployment = (podSpec: object, metadata: object = {}, rest: object = {}) =>
  root({ metadata: { name: 'web', ...metadata }, spec: { template: { spec: podSpec } }, ...rest });

test('a small Deployment has nothing but its image', () => {
  expect(toWorkload('Deployment', deployment(pod()))).toEqual({
    group: 'apps',
    kind: 'Deployment',
    namespace: 'default',
    name: 'web',
    labels: {},
    finished: false,
    pod: { containers: [{ image: 'a' }], initContainers: [], imageVolumes: [], tolerations: [], extendedResources: {} },
  });
});

const owner = (apiVersion: string, kind: string, controller?: boolean) => ({
  apiVersion,
  kind,
  name: 'up',
  uid: 'u1',
  controller,
});

test.each([
  [owner('apps/v1', 'Deployment', true), { group: 'apps', kind: 'Deployment', name: 'up' }],
  [owner('apps/v1', 'Deployment'), undefined],
  [owner('apps/v1', 'Deployment', false), undefined],
  [owner('argoproj.io/v1alpha1', 'Rollout', true), { group: 'argoproj.io', kind: 'Rollout', name: 'up' }],
  [owner('v1', 'ReplicationController', true), { group: '', kind: 'ReplicationController', name: 'up' }],
] as const)('the controller of a workload among its owners %j is %j', (ownerReference, expected) => {
  const object = { metadata: { name: 'a', ownerReferences: [ownerReference] }, spec: { template: { spec: pod() } } };
  expect(toWorkload('ReplicaSet', root(object)).owner).toEqual(expected);
});

test('a ReplicaSet whose controller is no Deployment says which revision it is', () => {
  const metadata = {
    name: 'a',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ownerReferences: [owner('argoproj.io/v1alpha1', 'Rollout', true)],
  };
  const revision = (kind: 'ReplicaSet' | 'Job', spec: object, own: object = metadata) =>
    toWorkload(kind, root({ metadata: own, spec: { template: { spec: pod() }, ...spec } })).revision;
  const expected = { controller: 'u1', createdAt: '2026-01-01T00:00:00Z' };
  expect(revision('ReplicaSet', { replicas: 0 })).toEqual({ ...expected, idle: true });
  expect(revision('ReplicaSet', { replicas: 2 })).toEqual({ ...expected, idle: false });
  expect(revision('ReplicaSet', {})).toEqual({ ...expected, idle: false });
  expect(revision('ReplicaSet', { replicas: 0 }, { name: 'a' })).toBeUndefined();
  expect(revision('Job', {})).toBeUndefined();
});

test.each(BUILT_IN_KINDS.map(({ kind }) => kind))('the pod template of a %s is found', kind => {
  const template = { spec: pod() };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  expect(toWorkload(kind, root({ metadata: { name: 'a' }, spec })).pod.containers).toEqual([{ image: 'a' }]);
});

const conditions = (...list: readonly object[]) => ({ status: { conditions: list } });

test.each([
  ['Complete', 'Job', conditions({ type: 'Suspended', status: 'False' }, { type: 'Complete', status: 'True' }), true],
  ['Failed', 'Job', conditions({ type: 'Failed', status: 'True' }), true],
  ['not yet', 'Job', conditions({ type: 'Complete', status: 'False' }), false],
  ['no status', 'Job', {}, false],
  ['another kind', 'Deployment', conditions({ type: 'Complete', status: 'True' }), false],
] as const)('a Job is finished by its conditions: %s', (_name, kind, rest, finished) => {
  expect(toWorkload(kind, deployment(pod(), {}, rest)).finished).toBe(finished);
});

const rowOf = (kind: string, group = '') =>
  KNOWN_ROWS.find(row => row.kind === kind && row.group.endsWith(group)) as KindRow;
const template = (image: string) => ({ spec: { containers: [{ image }] } });
const ray = { headGroupSpec: { template: template('head') }, workerGroupSpecs: [{ template: template('worker') }] };

test.each<[kind: string, spec: object, found: readonly (readonly [at: string | undefined, image: string])[]]>([
  ['Rollout', { template: template('a') }, [[undefined, 'a']]],
  ['CloneSet', { template: template('a') }, [[undefined, 'a']]],
  ['StatefulSet', { template: template('a') }, [[undefined, 'a']]],
  ['DaemonSet', { template: template('a') }, [[undefined, 'a']]],
  [
    'JobSet',
    {
      replicatedJobs: [
        { template: { spec: { template: template('a') } } },
        { template: { spec: { template: template('b') } } },
      ],
    },
    [
      ['spec.replicatedJobs[0].template.spec.template', 'a'],
      ['spec.replicatedJobs[1].template.spec.template', 'b'],
    ],
  ],
  [
    'LeaderWorkerSet',
    { leaderWorkerTemplate: { workerTemplate: template('a') } },
    [['spec.leaderWorkerTemplate.workerTemplate', 'a']],
  ],
  [
    'RayCluster',
    ray,
    [
      ['spec.headGroupSpec.template', 'head'],
      ['spec.workerGroupSpecs[0].template', 'worker'],
    ],
  ],
  [
    'RayJob',
    { rayClusterSpec: ray, submitterPodTemplate: template('submit') },
    [
      ['spec.rayClusterSpec.headGroupSpec.template', 'head'],
      ['spec.rayClusterSpec.workerGroupSpecs[0].template', 'worker'],
      ['spec.submitterPodTemplate', 'submit'],
    ],
  ],
  [
    'RayService',
    { rayClusterConfig: ray },
    [
      ['spec.rayClusterConfig.headGroupSpec.template', 'head'],
      ['spec.rayClusterConfig.workerGroupSpecs[0].template', 'worker'],
    ],
  ],
  [
    'PyTorchJob',
    { pytorchReplicaSpecs: { Master: { template: template('m') }, Worker: { template: template('w') } } },
    [
      ['spec.pytorchReplicaSpecs.Master.template', 'm'],
      ['spec.pytorchReplicaSpecs.Worker.template', 'w'],
    ],
  ],
])('the templates of a %s are found, each with its place', (kind, spec, found) => {
  const workloads = toWorkloads(rowOf(kind), root({ metadata: { name: 'a' }, spec }));
  expect(workloads.map(({ template: at, pod: { containers } }) => [at, containers[0]?.image])).toEqual(found);
});

test('a path may lead to a pod’s spec without a template around it', () => {
  const row: KindRow = { ...rowOf('Rollout'), templates: [parsePath('spec.predictor')] };
  const object = root({ metadata: { name: 'a' }, spec: { predictor: { containers: [{ image: 'a' }] } } });
  expect(toWorkloads(row, object)[0]?.pod.containers).toEqual([{ image: 'a' }]);
});

test.each([
  ['LeaderWorkerSet', {}, 'expected a pod template at spec.leaderWorkerTemplate.leaderTemplate or '],
  ['JobSet', { replicatedJobs: [] }, 'expected a pod template at spec.replicatedJobs[*].template.spec.template, got '],
  [
    'RayCluster',
    { headGroupSpec: { template: {} } },
    'spec.headGroupSpec.template.spec.containers: expected at least one',
  ],
  ['PyTorchJob', { pytorchReplicaSpecs: { Master: { template: 'x' } } }, 'template: expected a mapping, got "x"'],
  [
    'JobSet',
    { replicatedJobs: Array(201).fill({ template: { spec: { template: template('a') } } }) },
    'expected at most 200 pod templates',
  ],
])('a %s whose paths lead nowhere is malformed: %j', (kind, spec, problem) => {
  expect(() => toWorkloads(rowOf(kind), root({ metadata: { name: 'a' }, spec }))).toThrow(problem);
});

test.each([
  ['Rollout', { spec: { replicas: 0 } }, 'scaled to zero', false],
  ['Rollout', { spec: { replicas: 1 } }, undefined, false],
  ['Rollout', { spec: { paused: true } }, undefined, false],
  ['RayCluster', { spec: { suspend: true } }, 'suspended', false],
  ['PyTorchJob', { spec: { runPolicy: { suspend: true } } }, 'suspended', false],
  ['PyTorchJob', { status: { conditions: [{ type: 'Succeeded', status: 'True' }] } }, undefined, true],
  ['RayJob', { status: { jobDeploymentStatus: 'Complete' } }, undefined, true],
  ['RayJob', { status: { jobDeploymentStatus: 'Running' } }, undefined, false],
  ['JobSet', { status: { conditions: [{ type: 'Completed', status: 'True' }] } }, undefined, true],
  ['JobSet', { status: { conditions: [{ type: 'Completed', status: 'False' }] } }, undefined, false],
])('a %s with %j: %s, finished %s', (kind, parts: { spec?: object; status?: object }, resting, finished) => {
  const spec = {
    template: template('a'),
    replicatedJobs: [{ template: { spec: { template: template('a') } } }],
    headGroupSpec: ray.headGroupSpec,
    rayClusterSpec: ray,
    pytorchReplicaSpecs: { Master: { template: template('m') } },
    ...parts.spec,
  };
  const [workload] = toWorkloads(rowOf(kind), root({ metadata: { name: 'a' }, ...parts, spec }));
  expect([workload?.resting, workload?.finished]).toEqual([resting, finished]);
});

test('a Rollout without a template of its own says whose it takes', () => {
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const [workload] = toWorkloads(rowOf('Rollout'), root({ metadata: { name: 'a' }, spec: { workloadRef } }));
  expect(workload).toMatchObject({
    reference: { group: 'apps', kind: 'Deployment', name: 'web' },
    pod: { containers: [] },
  });
});
