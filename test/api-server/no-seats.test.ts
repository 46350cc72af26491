import { createKubernetesSource, type KubeApiError } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { aDeployment, DEPLOYMENTS, KINDS_READ, NAMESPACES } from '@kube-prefetch/cluster/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { prepareSeats, type Seats } from './occupy-seats.ts';
import { prepareCluster, startReplica } from './start-replicas.ts';
import { kubeconfigVia, startTcpProxy } from './tcp-proxy.ts';
import { SOON_MS } from '../patience.ts';

const USER = 'reader';
const PROCESS_USER = 'coordinator';
const RETRY_AFTER_CAP_MS = 10_000;
/** The least that a server asks for. */
const RETRY_AFTER_MS = 1_000;
/** Timers and the clocks of two processes. */
const INEXACT_MS = 10;
const { signal } = new AbortController();

const folder = scratchFolder('kp-no-seats');
let server: ApiServer;
let seats: Seats;
let kubeconfig: string;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path, auditLog: true });
  await prepareCluster(server, ['n1']);
  seats = await prepareSeats(server, [USER, PROCESS_USER]);
  kubeconfig = await server.kubeconfigFor(USER);
});

afterAll(async () => {
  await seats?.close();
  await server?.close();
  folder.remove();
});

function connect(file: string) {
  const api = createClientNodeApi({ kubeconfig: file, clock });
  onTestFinished(() => api.close());
  return api;
}

test('a server without seats says TooManyRequests and for how long; the same call succeeds when it has one', async () => {
  const api = connect(kubeconfig);
  const call = () => api.get(NAMESPACES, { name: 'default' }, signal);
  const free = await seats.occupy();
  const refusal: unknown = await call().catch(error => error);
  await free();
  expect(refusal).toMatchObject({ failure: 'TooManyRequests', retryAfterMs: expect.any(Number) });
  expect((refusal as KubeApiError).retryAfterMs).toBeGreaterThanOrEqual(RETRY_AFTER_MS);
  await expect(waitUntil(call, 'an answer', SOON_MS)).resolves.toMatchObject({ kind: 'Namespace' });
});

test('while every kind is refused the last good state stands, each waits as told, and then goes on', async () => {
  const proxy = await startTcpProxy(server.url);
  const api = connect(kubeconfigVia(proxy, kubeconfig, server.url));
  const failures: { kind: string; atMs: number; toldMs: number }[] = [];
  const note = (fields: object, message: string) => {
    const { kind, err } = fields as { kind: string; err?: KubeApiError };
    if (message !== 'cannot be read' || err?.failure !== 'TooManyRequests') return;
    failures.push({ kind, atMs: performance.now(), toldMs: err.retryAfterMs ?? Number.NaN });
  };
  const byKind = () => Object.values(Object.groupBy(failures, ({ kind }) => kind)).map((all = []) => all);
  const source = createKubernetesSource({
    api,
    clock,
    random,
    ownNamespace: 'kube-prefetch',
    log: { debug: note, info: () => {}, warn: note },
  });
  const stop = new AbortController();
  const run = source.run(() => {}, stop.signal);
  try {
    await create('before');
    await waitUntil(() => has('before'), 'what was there before', SOON_MS);
    const good = source.read();
    const free = await seats.occupy();
    proxy.breakConnections();
    await waitUntil(
      () => byKind().length === KINDS_READ && byKind().every(({ length }) => length >= 2),
      'refusals of every kind',
      SOON_MS,
    );
    await create('meanwhile');
    expect(source.read()).toBe(good);
    await free();
    const now = await waitUntil(() => has('meanwhile'), 'what came meanwhile', SOON_MS);
    expect(now.gaps).toEqual([]);
  } finally {
    stop.abort();
    await run;
    await proxy.close();
  }
  const tooEarly = byKind().flatMap(all =>
    all.filter(({ atMs, toldMs }, index) => {
      const waitedMs = (all[index + 1]?.atMs ?? Infinity) - atMs;
      return !(waitedMs >= Math.min(toldMs, RETRY_AFTER_CAP_MS) - INEXACT_MS);
    }),
  );
  expect(tooEarly).toEqual([]);

  function has(name: string) {
    const state = source.read();
    return state?.workloads.some(workload => workload.name === name) === true && state;
  }
});

test('a coordinator that is refused from its start on becomes ready by itself, and asks for nothing again within a second', async () => {
  const flags = { kubeconfig: await server.kubeconfigFor(PROCESS_USER) };
  let free = await seats.occupy();
  const starting = startReplica(server, folder.path, 'coordinator-a', flags);
  const refused = (resource: string) => refusals().filter(({ objectRef }) => objectRef?.resource === resource).length;
  await waitUntil(() => refused('secrets') > 2 && refused('nodes') > 2, 'refusals', SOON_MS);
  await free();
  const replica = await starting;
  onTestFinished(async () => void (await replica.child.stop()));
  await waitUntil(leads, 'it to lead', SOON_MS);

  free = await seats.occupy();
  const metadata = { name: 'warm', namespace: 'default' };
  await server.apply({
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata,
    spec: { images: ['a:1'] },
  });
  await waitUntil(() => refused('prefetches') > 1 && refused('leases') > 1, 'further refusals', SOON_MS);
  await free();
  await server.kubectl(
    'wait',
    '--for=condition=Accepted',
    `--timeout=${SOON_MS}ms`,
    'prefetch/warm',
    '--namespace=default',
  );
  await waitUntil(leads, 'it to lead', SOON_MS);
  expect(tooSoon()).toEqual([]);

  async function leads() {
    const metrics = await (await fetch(`${replica.ops}/metrics`)).text();
    return /^kube_prefetch_coordinator_leader 1$/m.test(metrics);
  }
});

/** In the order of their ends. */
function requests() {
  return server
    .auditEvents()
    .filter(({ user, stage }) => user.username === PROCESS_USER && stage === 'ResponseComplete');
}

function refusals() {
  return requests().filter(({ responseStatus }) => responseStatus?.code === 429);
}

/** Requests that came sooner after a refusal of the same than the server had asked for, of those that wait by themselves. */
function tooSoon(): readonly string[] {
  const same = Object.groupBy(
    waiting(),
    ({ verb, objectRef }) => `${verb} ${objectRef?.resource} ${objectRef?.name ?? ''}`,
  );
  return Object.entries(same).flatMap(([what, events = []]) =>
    events.flatMap((event, index) => {
      const next = events[index + 1];
      if (event.responseStatus?.code !== 429 || next === undefined) return [];
      const afterMs = Date.parse(next.requestReceivedTimestamp) - Date.parse(event.stageTimestamp);
      return afterMs >= RETRY_AFTER_MS - INEXACT_MS ? [] : [`${what}: ${afterMs} ms`];
    }),
  );
}

/**
 * Without the Lease, whose pause a term's end interrupts, and the reads for events, each of which is another: those begin once
 * a status is written.
 */
function waiting() {
  const all = requests();
  const written = all.findIndex(
    ({ verb, objectRef, responseStatus }) =>
      verb === 'patch' && objectRef?.resource === 'prefetches' && responseStatus?.code === 200,
  );
  return all.filter(({ verb, objectRef }, index) => {
    if (verb === 'list' || verb === 'watch') return true;
    const { resource = '' } = objectRef ?? {};
    return ['secrets', 'configmaps'].includes(resource) || (resource === 'prefetches' && index < written);
  });
}

function create(name: string) {
  const labels = { app: name };
  const spec = { containers: [{ name: 'main', image: 'nginx:1.27' }] };
  return server.apply({
    ...aDeployment(name, ['nginx:1.27'], 'default'),
    apiVersion: DEPLOYMENTS.apiVersion,
    kind: DEPLOYMENTS.kind,
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
}
