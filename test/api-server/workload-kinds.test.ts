import { type CountedRequest, createKubernetesSource, parseWorkloadKinds } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { type ClusterState, collectAsks, summarise } from '@kube-prefetch/core';
import { aFleet, aResource } from '@kube-prefetch/core/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock, systemRandom } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { applyCrds } from './apply-crds.ts';
import { ownCrd, realCrds } from './workload-crds.ts';

const USER = 'coordinator';
const OTHERS = ['Rollout', 'CloneSet', 'JobSet', 'LeaderWorkerSet', 'RayCluster', 'RayJob', 'RayService', 'PyTorchJob'];
const KNOWN = [...OTHERS, 'StatefulSet.apps.kruise.io', 'DaemonSet.apps.kruise.io'];
const FLEET = { group: 'example.com', version: 'v1', kind: 'Fleet', templates: ['spec.nowhere', 'spec.crews[*]'] };
const KINDS = parseWorkloadKinds(JSON.stringify([...KNOWN, FLEET]));
const READ = ['list', 'watch'];
const RULES = [
  { apiGroups: ['kube-prefetch.io'], resources: ['prefetches', 'clusterprefetches'], verbs: READ },
  { apiGroups: [''], resources: ['namespaces', 'nodes'], verbs: READ },
  { apiGroups: ['resource.k8s.io'], resources: ['deviceclasses', 'resourceslices'], verbs: READ },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], verbs: READ },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'], verbs: READ },
  // As the chart renders them: what the rows say, and nothing else.
  ...KINDS.rows.map(({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: READ })),
];
/** A look for kinds comes round in a minute. What it finds is read within another, on a busy machine too. */
const FOUND_MS = 120_000;

const folder = scratchFolder('kp-kinds');
const clock = systemClock;
const stop = new AbortController();
const asked: CountedRequest[] = [];
const figures: Record<string, unknown> = {};
let server: ApiServer;
let api: ReturnType<typeof createClientNodeApi>;
let source: ReturnType<typeof createKubernetesSource>;
let run: Promise<void>;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  await applyCrds(server);
  await server.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: USER }, rules: RULES },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: USER },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: USER },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }],
    },
  ]);
  const kubeconfig = await server.kubeconfigFor(USER, ['system:authenticated']);
  api = createClientNodeApi({ kubeconfig, clock, count: request => asked.push(request) });
  const log = { debug: () => {}, info: () => {}, warn: () => {} };
  source = createKubernetesSource({ api, clock, random: systemRandom, log, kinds: { read: KINDS, discovery: api } });
  run = source.run(() => {}, stop.signal);
});

afterAll(async () => {
  stop.abort();
  await run;
  await api?.close();
  await server?.close();
  folder.remove();
  console.log('kinds of workloads on a real API server:', figures);
});

const reads = (condition: (state: ClusterState) => boolean, what: string, withinMs = SOON_MS) =>
  waitUntil(
    () => {
      const state = source.read();
      return state !== undefined && condition(state) && state;
    },
    what,
    withinMs,
  );
const countOf = (resource: string, code = '') =>
  asked.filter(request => request.resource === resource && request.code.startsWith(code)).length;
const naming = (...kinds: readonly string[]) =>
  aResource({ spec: { workloads: [{ kinds: [...kinds], selector: {} }] } });

/** `IMAGE of SOURCE` for a Prefetch of the namespace that names these kinds. */
function found(...kinds: readonly string[]): readonly string[] {
  const state = { ...(source.read() as ClusterState), resources: [naming(...kinds)] };
  return collectAsks(state).asks.flatMap(({ image, sources }) => sources.map(each => `${image} of ${each}`));
}

function ready(...kinds: readonly string[]): string | undefined {
  const state = { ...(source.read() as ClusterState), resources: [naming(...kinds)] };
  const [summary] = summarise(
    state,
    collectAsks(state),
    aFleet([], () => ({ state: 'Missing' })),
    '2026-11-27T00:00:00Z',
  );
  return summary?.status.conditions[1]?.message;
}

const pod = (image: string) => ({ containers: [{ name: 'main', image }], restartPolicy: 'Never' });
const template = (image: string) => ({ metadata: { labels: { app: 'a' } }, spec: pod(image) });
const lasting = (image: string) => ({ ...template(image), spec: { ...pod(image), restartPolicy: 'Always' } });
const object = (apiVersion: string, kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop', ...metadata },
  spec,
});
const selector = { matchLabels: { app: 'a' } };
const ray = (name: string) => ({
  headGroupSpec: { rayStartParams: {}, template: lasting(`${name}-head:1`) },
  workerGroupSpecs: [
    {
      groupName: 'gpu',
      rayStartParams: {},
      replicas: 1,
      minReplicas: 1,
      maxReplicas: 2,
      template: lasting(`${name}-worker:1`),
    },
  ],
});

test('kinds that are not installed cost one look at /apis, and no other request', async () => {
  await reads(() => true, 'a first state');
  await new Promise(resolve => setTimeout(resolve, 15_000));
  expect(countOf('/apis')).toBe(1);
  for (const { plural, group } of KINDS.rows) expect(countOf(`${plural}.${group}`)).toBe(0);
  expect(source.read()?.gaps).toEqual([]);
  expect(ready('Rollout')).toContain('rollouts.argoproj.io is not installed');
});

test('the real definitions of seven kinds, and three written for this, are found when they come', async () => {
  for (const crd of await realCrds()) await server.kubectlWith({ input: crd }, 'create', '-f', '-');
  await server.apply([
    ownCrd('apps.kruise.io', 'CloneSet', 'clonesets', ['v1beta1', 'v1alpha1']),
    ownCrd('apps.kruise.io', 'StatefulSet', 'statefulsets', ['v1beta1']),
    ownCrd('apps.kruise.io', 'DaemonSet', 'daemonsets', ['v1alpha1']),
    ownCrd('example.com', 'Fleet', 'fleets', ['v2']),
  ]);
  const sinceMs = Date.now();
  await reads(
    ({ kinds = [] }) => kinds.filter(({ read }) => read).length >= KINDS.rows.length + KINDS.makers.length,
    'all kinds',
    FOUND_MS,
  );
  figures['found after s'] = Math.round((Date.now() - sinceMs) / 1000);
  figures['looks, of them without a body'] = [countOf('/apis'), countOf('/apis', '3')];
  const looks = countOf('/apis');
  await new Promise(resolve => setTimeout(resolve, 10_000));
  expect(countOf('/apis')).toBe(looks);
});

test('the images of objects that the real schemas accept are found, template by template', async () => {
  await server.apply([
    object('argoproj.io/v1alpha1', 'Rollout', 'web', {
      replicas: 0,
      selector,
      template: lasting('rollout:1'),
      strategy: { canary: {} },
    }),
    object('apps.kruise.io/v1beta1', 'CloneSet', 'web', { replicas: 1, selector, template: lasting('cloneset:1') }),
    object('apps.kruise.io/v1beta1', 'StatefulSet', 'db', { template: lasting('advanced:1') }),
    object('apps.kruise.io/v1alpha1', 'DaemonSet', 'log', { template: lasting('log:1') }),
    object('jobset.x-k8s.io/v1alpha2', 'JobSet', 'train', {
      suspend: true,
      replicatedJobs: ['driver', 'worker'].map(name => ({
        name,
        replicas: 1,
        template: { spec: { template: template(`${name}:1`) } },
      })),
    }),
    object('leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', 'llm', {
      replicas: 1,
      leaderWorkerTemplate: { size: 2, leaderTemplate: lasting('leader:1'), workerTemplate: lasting('follower:1') },
    }),
    object('ray.io/v1', 'RayCluster', 'ray', ray('cluster')),
    object('ray.io/v1', 'RayJob', 'ray', { entrypoint: 'python a.py', rayClusterSpec: ray('job') }),
    object('ray.io/v1', 'RayService', 'ray', { rayClusterConfig: ray('service') }),
    object('kubeflow.org/v1', 'PyTorchJob', 'torch', {
      pytorchReplicaSpecs: {
        Master: { replicas: 1, template: lasting('master:1') },
        Worker: { replicas: 2, template: lasting('torch:1') },
      },
    }),
    object('example.com/v2', 'Fleet', 'fleet', { crews: [pod('crew:1'), pod('crew:2')] }),
  ]);
  await reads(({ workloads }) => workloads.length === 18, 'every template');
  expect(found(...KNOWN, 'Fleet').toSorted()).toEqual([
    'advanced:1 of StatefulSet.apps.kruise.io shop/db',
    'cloneset:1 of CloneSet.apps.kruise.io shop/web',
    'cluster-head:1 of RayCluster.ray.io shop/ray spec.headGroupSpec.template',
    'cluster-worker:1 of RayCluster.ray.io shop/ray spec.workerGroupSpecs[0].template',
    'crew:1 of Fleet.example.com shop/fleet spec.crews[0]',
    'crew:2 of Fleet.example.com shop/fleet spec.crews[1]',
    'driver:1 of JobSet.jobset.x-k8s.io shop/train spec.replicatedJobs[0].template.spec.template, suspended',
    'follower:1 of LeaderWorkerSet.leaderworkerset.x-k8s.io shop/llm spec.leaderWorkerTemplate.workerTemplate',
    'job-head:1 of RayJob.ray.io shop/ray spec.rayClusterSpec.headGroupSpec.template',
    'job-worker:1 of RayJob.ray.io shop/ray spec.rayClusterSpec.workerGroupSpecs[0].template',
    'leader:1 of LeaderWorkerSet.leaderworkerset.x-k8s.io shop/llm spec.leaderWorkerTemplate.leaderTemplate',
    'log:1 of DaemonSet.apps.kruise.io shop/log',
    'master:1 of PyTorchJob.kubeflow.org shop/torch spec.pytorchReplicaSpecs.Master.template',
    'rollout:1 of Rollout.argoproj.io shop/web, scaled to zero',
    'service-head:1 of RayService.ray.io shop/ray spec.rayClusterConfig.headGroupSpec.template',
    'service-worker:1 of RayService.ray.io shop/ray spec.rayClusterConfig.workerGroupSpecs[0].template',
    'torch:1 of PyTorchJob.kubeflow.org shop/torch spec.pytorchReplicaSpecs.Worker.template',
    'worker:1 of JobSet.jobset.x-k8s.io shop/train spec.replicatedJobs[1].template.spec.template, suspended',
  ]);
  expect(found('StatefulSet')).toEqual([]);
  expect(source.read()?.gaps).toEqual([]);
});

test('a Rollout with workloadRef and a Job of a JobSet count once', async () => {
  const { uid } = JSON.parse(await server.kubectl('get', 'jobset', 'train', '-n', 'shop', '-o', 'json')).metadata;
  const ownerReferences = [
    { apiVersion: 'jobset.x-k8s.io/v1alpha2', kind: 'JobSet', name: 'train', uid, controller: true },
  ];
  await server.apply([
    object('apps/v1', 'Deployment', 'api', { replicas: 0, selector, template: lasting('api:1') }),
    object('argoproj.io/v1alpha1', 'Rollout', 'api', {
      replicas: 1,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      strategy: { canary: {} },
    }),
    object('batch/v1', 'Job', 'train-driver-0', { suspend: true, template: template('driver:1') }, { ownerReferences }),
  ]);
  await reads(({ workloads }) => workloads.length === 21, 'the owned and the referred');
  const deployment = 'api:1 of Deployment shop/api, scaled to zero';
  expect(found('Rollout').filter(each => each.startsWith('api'))).toEqual([deployment]);
  expect(found('Rollout', 'Deployment').filter(each => each.startsWith('api'))).toEqual([deployment]);
  expect(found('Job')).toEqual(['driver:1 of Job shop/train-driver-0, suspended']);
  expect(found('Job', 'JobSet')).toHaveLength(2);
});

test('an object whose paths lead nowhere is told to those who name its kind, and keeps what it said before', async () => {
  await server.apply(object('example.com/v2', 'Fleet', 'fleet', { crews: [] }));
  await reads(({ kinds = [] }) => kinds.some(({ gaps }) => gaps.length > 0), 'a gap of the kind');
  expect(ready('Fleet')).toMatch(
    /can be read: Fleet shop\/fleet: spec: expected a pod template at spec.nowhere or spec.crews\[\*\], got a mapping; what it said before counts$/,
  );
  expect(found('Fleet')).toHaveLength(2);
  expect(ready('Rollout')).toMatch(/^nothing is planned: \d+ images are wanted, /);
  expect(source.read()?.gaps).toEqual([]);
  await server.apply(object('example.com/v2', 'Fleet', 'fleet', { crews: [pod('crew:3')] }));
  await reads(({ kinds = [] }) => kinds.every(({ gaps }) => gaps.length === 0), 'no gap any more');
  expect(found('Fleet')).toEqual(['crew:3 of Fleet.example.com shop/fleet spec.crews[0]']);
});

test('a deleted object goes within seconds', async () => {
  await server.kubectl('delete', 'cloneset', 'web', '-n', 'shop');
  const sinceMs = Date.now();
  await waitUntil(() => found('CloneSet').length === 0, 'the CloneSet to go', SOON_MS);
  const tookMs = Date.now() - sinceMs;
  figures['a deleted object went after s'] = tookMs / 1000;
  expect(tookMs).toBeLessThan(30_000);
});

test('definitions that are removed while they are watched drop nothing, and installed again the truth counts', async () => {
  const before = found('Rollout', 'RayCluster');
  expect(before).toHaveLength(4);
  await server.kubectl('delete', 'crd', 'rollouts.argoproj.io', 'rayclusters.ray.io');
  await waitUntil(() => ready('Rollout')?.includes('is no longer served'), 'the reason', SOON_MS);
  await new Promise(resolve => setTimeout(resolve, 20_000));
  expect(found('Rollout', 'RayCluster')).toEqual(before);
  expect(ready('Rollout')).toContain('rollouts.argoproj.io is no longer served; what was read last counts until it is');
  expect(source.read()?.gaps).toEqual([]);
  const [rollouts] = await realCrds();
  await server.kubectlWith({ input: rollouts ?? '' }, 'create', '-f', '-');
  await waitUntil(() => found('Rollout').length === 0, 'the Rollouts to go', FOUND_MS + SOON_MS);
  expect(found('RayCluster')).toHaveLength(2);
  expect(ready('Rollout')).not.toContain('no longer');
});
