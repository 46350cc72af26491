import { setTimeout as sleep } from 'node:timers/promises';
import { type CountedRequest, createKubernetesSource } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import {
  aDeployment,
  aNode,
  aPrefetch,
  DEPLOYMENTS,
  JOBS,
  KINDS_READ,
  NODES,
  PREFETCHES,
  REPLICA_SETS,
} from '@kube-prefetch/cluster/testing';
import { type ClusterState, collectAsks } from '@kube-prefetch/core';
import { aResource } from '@kube-prefetch/core/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock, systemRandom } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyCrds } from './apply-crds.ts';
import { heapUsedBytes } from './heap-used.ts';
import { kubeconfigVia, startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { SOON_MS } from '../patience.ts';

const USER = 'coordinator';
const MANY = 2_000;
const EVENTS = 30;
const LARGE = 36;
/** For how long a kind may be out of reach before that is a gap. */
const GAP_AFTER_MS = 60_000;
/** How long a watch has to stand for its end to be no failure. */
const STEADY_MS = 6_000;
const clock = systemClock;
const { signal } = new AbortController();

const READ = ['get', 'list', 'watch'];
const RULES = [
  { apiGroups: ['kube-prefetch.io'], resources: ['prefetches', 'clusterprefetches'], verbs: READ },
  { apiGroups: [''], resources: ['namespaces', 'nodes', 'serviceaccounts'], verbs: READ },
  { apiGroups: ['resource.k8s.io'], resources: ['deviceclasses', 'resourceslices'], verbs: READ },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], verbs: READ },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'], verbs: READ },
];

const folder = scratchFolder('kp-source');
let server: ApiServer;
let proxy: TcpProxy;
let api: ReturnType<typeof createClientNodeApi>;
let admin: ReturnType<typeof createClientNodeApi>;
let source: ReturnType<typeof createKubernetesSource>;
const stop = new AbortController();
let run: Promise<void>;
let changes = 0;
let changed = () => {};
const logged: { fields: { kind?: string; objects?: number; tookMs?: number }; message: string }[] = [];
const figures: Record<string, string> = {};

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path, auditLog: true });
  proxy = await startTcpProxy(server.url);
  await server.apply(['shop', 'many'].map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  await server.apply([
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: USER }, rules: RULES },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: USER },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: USER },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }],
    },
  ]);
  const kubeconfig = kubeconfigVia(proxy, await server.kubeconfigFor(USER), server.url);
  api = createClientNodeApi({ kubeconfig, clock });
  admin = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
  const note = (fields: object, message: string) => void logged.push({ fields, message });
  source = createKubernetesSource({
    api,
    clock,
    random: systemRandom,
    ownNamespace: 'kube-prefetch',
    log: { debug: () => {}, info: note, warn: note },
  });
  run = source.run(() => {
    changes += 1;
    changed();
  }, stop.signal);
});

afterAll(async () => {
  stop.abort();
  await run;
  await Promise.all([api?.close(), admin?.close()]);
  await proxy?.close();
  await server?.close();
  folder.remove();
  console.log('the Kubernetes source on a real API server:', figures);
});

const reads = (condition: (state: ClusterState) => boolean, what: string) =>
  waitUntil(
    () => {
      const state = source.read();
      return state !== undefined && condition(state) && state;
    },
    what,
    SOON_MS,
  );

const create = (object: object, kind = DEPLOYMENTS) =>
  admin.write({ verb: 'create', kind, object: object as never }, signal);
const remove = (name: string, namespace = 'shop') => server.kubectl('delete', 'deployment', name, '-n', namespace);
const has = (name: string) => (state: ClusterState) => state.workloads.some(workload => workload.name === name);
const lists = (kind = 'deployments.apps') =>
  logged.filter(({ message, fields }) => message === 'listed' && fields.kind === kind).length;
/** A Deployment that the API server accepts. */
const aRealDeployment = (name: string, image = 'nginx:1.27', namespace = 'shop') => {
  const labels = { app: name };
  const containers = [{ name: 'main', image }];
  return {
    ...aDeployment(name, [image], namespace),
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
};

test('without our definitions the rest is read, and both kinds are named with what to do', async () => {
  const { gaps } = await reads(state => state.gaps.length === 2, 'two gaps');
  expect(gaps).toEqual(
    ['prefetches', 'clusterprefetches'].map(plural =>
      expect.stringMatching(new RegExp(`^${plural}\\.kube-prefetch\\.io cannot be read: NotFound: .*install`)),
    ),
  );
  await applyCrds(server);
  await create(aPrefetch('warm'), PREFETCHES);
  const state = await reads(read => read.gaps.length === 0 && read.resources.length === 1, 'no gap');
  expect(state.resources[0]).toMatchObject({
    ref: { kind: 'Prefetch', namespace: 'shop', name: 'warm' },
    generation: 1,
  });
});

test('every event is told; how soon, the figures say', async () => {
  await create(aNode('n1'), NODES);
  await reads(state => state.nodes.length === 1, 'the node');
  const latencies: number[] = [];
  for (let index = 0; index < EVENTS; index += 1) {
    const name = `quick-${index}`;
    const told = new Promise<number>(resolve => {
      changed = () => {
        if (source.read()?.workloads.some(workload => workload.name === name)) resolve(performance.now());
      };
    });
    await create(aRealDeployment(name));
    const written = performance.now();
    latencies.push((await told) - written);
  }
  changed = () => {};
  expect(latencies).toHaveLength(EVENTS);
  latencies.sort((a, b) => a - b);
  figures['write answered to changed told, ms (median, worst)'] =
    `${latencies[15]?.toFixed(1)}, ${latencies.at(-1)?.toFixed(1)}`;
  await server.kubectl('delete', 'deployments', '--all', '-n', 'shop');
  await reads(state => state.workloads.length === 0, 'no Deployments');
});

test('what is not kept of an object wakes nobody', async () => {
  const before = changes;
  for (let beat = 0; beat < 5; beat += 1) {
    const lastHeartbeatTime = new Date(Date.now() + beat * 1_000).toISOString();
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime }];
    await admin.write({ verb: 'patchStatus', kind: NODES, name: { name: 'n1' }, status: { conditions } }, signal);
  }
  await server.kubectl('annotate', 'prefetch', 'warm', '-n', 'shop', 'seen=yes');
  // Events of a kind come in order: once these are read, those before them have been.
  await create(aNode('n0'), NODES);
  await reads(state => state.nodes.length === 2, 'the second node');
  await create(aPrefetch('later'), PREFETCHES);
  await reads(state => state.resources.length === 2, 'the second resource');
  expect(changes).toBe(before + 2);
  await server.kubectl('delete', 'node/n0', 'prefetch/later', '-n', 'shop');
  await reads(state => state.nodes.length === 1 && state.resources.length === 1, 'one of each');
});

test('placeholders, and what owners make that are not read, count as the API server has them', async () => {
  const template = (name: string, container: object) => ({
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', ...container }] } },
  });
  const object = (kind: string, name: string, spec: object, owner?: readonly [apiVersion: string, kind: string]) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: 'shop',
      ownerReferences: owner && [{ apiVersion: owner[0], kind: owner[1], name: 'web', uid: 'u1', controller: true }],
    },
    spec,
  });
  const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:1' }] };
  // Only manifest files can have a container without any name of an image.
  await expect(create(object('Deployment', 'later', template('later', {})))).rejects.toThrow('image: Required value');
  await create(object('Deployment', 'trigger', template('trigger', { image: ' ' })));
  await create(object('Deployment', 'gateway', template('gateway', { image: 'auto' })));
  await create(object('Deployment', 'local', template('local', { image: 'local:1', imagePullPolicy: 'Never' })));
  const rollout = ['argoproj.io/v1alpha1', 'Rollout'] as const;
  await create(object('ReplicaSet', 'canary', template('canary', { image: 'canary:1' }), rollout), REPLICA_SETS);
  const deployment = ['apps/v1', 'Deployment'] as const;
  await create(object('ReplicaSet', 'owned', template('owned', { image: 'owned:1' }), deployment), REPLICA_SETS);
  const jobSet = ['jobset.x-k8s.io/v1alpha2', 'JobSet'] as const;
  await create({ ...object('Job', 'train', { template: { spec: podSpec } }, jobSet), apiVersion: 'batch/v1' }, JOBS);

  const state = await reads(read => read.workloads.length === 6, 'all workloads');
  expect(state.gaps).toEqual([]);
  const spec = {
    workloads: [{ kinds: ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'], selector: {} }],
  };
  const { asks, unplanned } = collectAsks({ ...state, resources: [aResource({ spec })] });
  expect(asks.map(({ image }) => image)).toEqual(['canary:1', 'job:1']);
  expect([...unplanned.values()]).toEqual([{ placeholder: 2, neverPulled: 1, tooLong: 0, excludedByAnnotation: 0 }]);
  await server.kubectl('delete', 'deployments,replicasets,jobs', '--all', '-n', 'shop', '--wait=false');
  await reads(read => read.workloads.length === 0, 'no workloads');
});

test('2,000 Deployments are read in pages, and cost little', async () => {
  for (let start = 0; start < MANY; start += 50) {
    const batch = Array.from({ length: 50 }, (_, index) => `web-${start + index}`);
    await Promise.all(batch.map(name => create(aRealDeployment(name, `shop/${name}:1`, 'many'))));
  }
  await reads(state => state.workloads.length === MANY, 'all Deployments');
  const before = heapUsedBytes();
  const second = createKubernetesSource({
    api,
    clock,
    random: systemRandom,
    ownNamespace: 'kube-prefetch',
    log: { debug() {}, info: note, warn() {} },
  });
  const took: number[] = [];
  function note(fields: { kind?: string; tookMs?: number }, message: string) {
    if (message === 'listed' && fields.kind === 'deployments.apps') took.push(fields.tookMs ?? 0);
  }
  const end = new AbortController();
  const startedMs = performance.now();
  const running = second.run(() => {}, end.signal);
  await waitUntil(() => second.read()?.workloads.length === MANY, 'all Deployments', SOON_MS);
  figures['first read with 2,000 Deployments, ms'] = (performance.now() - startedMs).toFixed(0);
  figures['of it the list of Deployments, ms'] = `${took[0]}`;
  figures['heap kept by a source with 2,000 Deployments, MB'] = ((heapUsedBytes() - before) / 1e6).toFixed(1);
  end.abort();
  await running;
  expect(second.read()?.workloads).toHaveLength(MANY);
});

test('an API server that restarts is no gap, and takes no object that did not change with it', async () => {
  await create(aRealDeployment('before'));
  const before = await reads(has('before'), 'before');
  const known = gapsLogged();
  await sleep(STEADY_MS);
  await server.restart();
  const upMs = performance.now();
  await create(aRealDeployment('after'));
  const after = await reads(has('after'), 'after');
  figures['API server ready again to its events read, s'] = ((performance.now() - upMs) / 1_000).toFixed(1);
  expect(after.gaps).toEqual([]);
  expect(after.workloads.filter(workload => !before.workloads.includes(workload))).toHaveLength(1);
  expect(gapsLogged().slice(known.length)).toEqual([]);
});

test('an API server that hangs for a while is waited for, and what happened meanwhile is read', async () => {
  const listed = lists();
  server.pause();
  await sleep(10_000);
  server.resume();
  await create(aRealDeployment('hung'));
  expect((await reads(has('hung'), 'hung')).gaps).toEqual([]);
  expect(lists()).toBe(listed);
});

test('cut off for more than a minute every kind is a gap, and what happened meanwhile is read without a list', async () => {
  const good = await reads(has('hung'), 'the state before');
  const listed = lists();
  const cutMs = performance.now();
  await proxy.cut();
  await create(aRealDeployment('meanwhile'));
  await remove('before');
  await reads(state => state.gaps.length > 0, 'the first gap');
  expect(performance.now() - cutMs).toBeGreaterThanOrEqual(GAP_AFTER_MS);
  const failed = await reads(state => state.gaps.length === KINDS_READ, 'a gap for each kind');
  figures['cut off to gaps told, s'] = ((performance.now() - cutMs) / 1_000).toFixed(1);
  expect(failed.workloads).toBe(good.workloads);
  await proxy.restore();
  const restoredMs = performance.now();
  const state = await reads(read => read.gaps.length === 0 && has('meanwhile')(read), 'no gap');
  figures['connection restored to everything read, s'] = ((performance.now() - restoredMs) / 1_000).toFixed(1);
  expect(has('before')(state)).toBe(false);
  expect(lists()).toBe(listed);
});

test('after a compaction what is too old to resume is listed anew, and what is gone goes', async () => {
  const listed = lists();
  await sleep(STEADY_MS);
  await proxy.cut();
  await remove('after');
  await create(aRealDeployment('compacted'));
  await server.compact();
  await server.restart(); // its watch cache would remember
  await proxy.restore();
  const state = await reads(has('compacted'), 'what came meanwhile');
  expect([has('after')(state), lists() - listed]).toEqual([false, 1]);
});

test('a permission that is revoked is a gap that names the kind; the rest goes on, and it heals', async () => {
  const good = await reads(state => state.gaps.length === 0, 'no gap');
  // A watch that breaks sooner makes it an outage that began before the refusal, and such a one gets a minute.
  await sleep(STEADY_MS);
  const rules = RULES.map(rule => ({ ...rule, resources: rule.resources.filter(name => name !== 'deployments') }));
  const role = (given: object) =>
    server.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: USER },
      rules: given,
    });
  await role(rules);
  await waitUntil(() => isRefused('watch', 'deployments.apps'), 'the rule to count', SOON_MS);
  proxy.breakConnections();
  await create(aNode('n2'), NODES);
  const failed = await reads(state => state.gaps.length > 0 && state.nodes.length === 2, 'a gap');
  expect(failed.gaps).toEqual([
    expect.stringMatching(/^deployments\.apps cannot be read: Forbidden: .*; what was read last counts$/),
  ]);
  expect(failed.workloads).toBe(good.workloads);
  await role(RULES);
  await reads(state => state.gaps.length === 0, 'no gap');
});

test('in an idle minute nothing is written, and hardly anything asked', async () => {
  const before = ownRequests();
  const told = changes;
  await sleep(60_000);
  const asked = ownRequests().slice(before.length);
  figures['requests in an idle minute'] = `${asked.length} (${[...new Set(asked.map(({ verb }) => verb))].join(', ')})`;
  expect(changes).toBe(told);
  expect(asked.every(({ verb }) => verb === 'watch')).toBe(true);
});

/** An API server goes on by its old rules for a moment. */
function isRefused(verb: string, resource: string): Promise<boolean> {
  const asked = server.kubectl('auth', 'can-i', verb, resource, '--all-namespaces', `--as=${USER}`, '--quiet');
  return asked.then(
    () => false,
    () => true,
  );
}

/** Since the source began. */
function gapsLogged() {
  return logged.filter(({ message }) => message === 'the state of the cluster has a gap').map(({ fields }) => fields);
}

function ownRequests() {
  return server.auditEvents().filter(({ user, verb, stage }) => {
    const isOneRequest = verb === 'watch' ? stage === 'ResponseStarted' : stage === 'ResponseComplete';
    return user.username === USER && isOneRequest;
  });
}

test('a page that does not fit is read in halves, and one that never fits is left out by its name', async () => {
  await server.kubectl('delete', 'namespace', 'many', '--wait=false');
  await server.kubectl('delete', 'deployments', '--all', '-n', 'many', '--wait=false');
  await server.kubectl('delete', 'deployments', '--all', '-n', 'shop');
  await reads(state => state.workloads.length === 0, 'no Deployments');
  // An API server takes 1.5 MiB: these pass the 32 MiB of one answer.
  for (let index = 0; index < LARGE; index += 1) await create(aLargeDeployment(`large-${index}`, 1_200_000));
  await create(aRealDeployment('small'));

  const listing = async (maxAnswerBytes?: number) => {
    const counted: CountedRequest[] = [];
    const count = (request: CountedRequest) => void counted.push(request);
    const other = createClientNodeApi({ kubeconfig: server.kubeconfig, clock, maxAnswerBytes, count });
    const log = { debug() {}, info() {}, warn() {} };
    const second = createKubernetesSource({
      api: other,
      clock,
      random: systemRandom,
      log,
      ownNamespace: 'kube-prefetch',
    });
    const end = new AbortController();
    const running = second.run(() => {}, end.signal);
    const state = await waitUntil(() => second.read(), 'the state', SOON_MS);
    end.abort();
    await running;
    await other.close();
    const lists = counted.filter(({ verb, resource }) => verb === 'list' && resource === 'deployments.apps').length;
    return { state, lists };
  };
  const whole = await listing();
  expect(whole.state.gaps).toEqual([]);
  expect(whole.state.workloads).toHaveLength(LARGE + 1);
  expect(whole.lists).toBeGreaterThan(2);
  figures[`lists of ${LARGE} Deployments of 1.2 MB`] = `${whole.lists}`;
  const partly = await listing(1_000_000);
  expect(partly.state.workloads.map(({ name }) => name)).toEqual(['small']);
  expect(partly.state.gaps).toHaveLength(LARGE);
  expect(partly.state.gaps[0]).toBe(
    'Deployment shop/large-0: it is larger than what is read of the API server at once; it does not count',
  );
  await server.kubectl('delete', 'deployments', '--all', '-n', 'shop');
});

function aLargeDeployment(name: string, bytes: number) {
  const object = aRealDeployment(name);
  const containers = [{ name: 'main', image: 'nginx:1.27', args: ['x'.repeat(bytes)] }];
  const template = { ...object.spec.template, spec: { containers } };
  return { ...object, spec: { ...object.spec, template } };
}
