import type { Workload } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { type Field, root } from '../to-state/read-fields.ts';
import { BUILT_IN_KINDS, builtInKind } from './built-in-kinds.ts';
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
