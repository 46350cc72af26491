import { setTimeout as sleep } from 'node:timers/promises';
import { createKubernetesStatusSink, type StatusEvent } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { aStatus, CLUSTER_PREFETCHES, EVENTS, PREFETCHES, statusSinkSuite } from '@kube-prefetch/cluster/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { API_VERSION, type PrefetchStatus, type ResourceRef } from '@kube-prefetch/protocol';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyCrds } from './apply-crds.ts';

const WEB: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const BASE: ResourceRef = { kind: 'ClusterPrefetch', name: 'base.images' };
const clock = systemClock;
const { signal } = new AbortController();

const folder = scratchFolder('kp-status');
let server: ApiServer;
let api: ReturnType<typeof createClientNodeApi>;

const kindOf = ({ kind }: ResourceRef) => (kind === 'Prefetch' ? PREFETCHES : CLUSTER_PREFETCHES);
const get = (resource: ResourceRef) => api.get(kindOf(resource), resource, signal);
const createSink = () => createKubernetesStatusSink({ api, clock, instance: 'coordinator-0' });
const create = ({ kind, ...metadata }: ResourceRef, images = ['nginx:1.27']) =>
  server.apply({ apiVersion: API_VERSION, kind, metadata, spec: { images } });
const remove = ({ kind, namespace, name }: ResourceRef) =>
  server.kubectl('delete', kind, name, '--ignore-not-found', ...(namespace === undefined ? [] : ['-n', namespace]));

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  await applyCrds(server);
  await server.kubectl('create', 'namespace', 'shop');
  api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
});

afterAll(async () => {
  await api?.close();
  await server?.close();
  folder.remove();
});

beforeEach(async () => {
  for (const resource of [WEB, BASE]) {
    await remove(resource);
    await create(resource);
  }
});

statusSinkSuite('the status of resources of a real API server', async () => ({
  sink: createSink(),
  statusOf: async resource => (await get(resource).catch(() => undefined))?.status as PrefetchStatus | undefined,
  async events() {
    const uids = await Promise.all([WEB, BASE].map(async resource => (await get(resource)).metadata.uid));
    const { items } = await api.list(EVENTS, { limit: 500 }, signal);
    return items
      .map(event => ({ ...event, resource: event.involvedObject as ResourceRef & { uid: string } }))
      .filter(({ resource }) => uids.includes(resource.uid))
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(event => event as unknown as StatusEvent & { resource: ResourceRef });
  },
  remove: async resource => void (await remove(resource)),
  create: async resource => void (await create(resource)),
  close: async () => {},
}));

const warm = (): PrefetchStatus => ({
  ...aStatus('2/2'),
  failures: [],
  skew: [],
  conditions: (['Accepted', 'Ready', 'Warm'] as const).map(type => ({
    type,
    status: 'True',
    reason: type === 'Warm' ? 'AllPresent' : 'Planned',
    message: 'so it is',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00.000Z',
  })),
});

test('kubectl wait --for=condition=Warm ends when the status says so', async () => {
  const sink = createSink();
  await sink.write(WEB, aStatus('1/2'), signal);
  const waiting = server.kubectl('wait', '--for=condition=Warm', '--timeout=300s', 'prefetch/web', '-n', 'shop');
  await sleep(1_000);
  await sink.write(WEB, warm(), signal);
  expect(await waiting).toContain('condition met');
});

test('an unchanged status is no write, after a restart neither, and what is no longer said goes', async () => {
  await createSink().write(WEB, aStatus('1/2'), signal);
  const { resourceVersion } = (await get(WEB)).metadata;
  expect(await createSink().read(WEB, signal)).toEqual(aStatus('1/2'));
  expect(await createSink().write(WEB, aStatus('1/2'), signal)).toBe('unchanged');
  expect((await get(WEB)).metadata.resourceVersion).toBe(resourceVersion);
  await createSink().write(WEB, warm(), signal);
  expect((await get(WEB)).status).toEqual(warm());
});

test('a status costs one request; where somebody else changed the object three, and nothing of theirs is lost', async () => {
  const asked: string[] = [];
  const counted: typeof api = {
    ...api,
    get: (...given) => (asked.push('get'), api.get(...given)),
    write: (...given) => (asked.push('patch'), api.write(...given)),
  };
  const sink = createKubernetesStatusSink({ api: counted, clock, instance: 'coordinator-0' });
  const requestsOf = async (work: () => Promise<unknown>) => {
    asked.length = 0;
    await work();
    return asked.join(' ');
  };
  expect(await requestsOf(() => sink.write(WEB, aStatus('1/2'), signal))).toBe('get patch');
  expect(await requestsOf(() => sink.write(WEB, aStatus('2/2'), signal))).toBe('patch');
  await create(WEB, ['redis:7']);
  expect(await requestsOf(() => sink.write(WEB, warm(), signal))).toBe('patch get patch');
  expect(await get(WEB)).toMatchObject({ spec: { images: ['redis:7'] }, status: warm() });
  await api.write({ verb: 'patchStatus', kind: PREFETCHES, name: WEB, status: aStatus('9/9') }, signal);
  expect(await requestsOf(() => sink.write(WEB, { ...warm(), warm: '3/3' }, signal))).toBe('patch get patch');
  expect((await get(WEB)).status).toEqual({ ...warm(), warm: '3/3' });
});

test('kubectl describe shows the events of both kinds, kubectl get events too', async () => {
  const sink = createSink();
  const event = { type: 'Normal', reason: 'AllPresent', message: '2 of 2 present' } as const;
  for (const resource of [WEB, BASE]) await sink.event(resource, event, signal);
  expect(await server.kubectl('describe', 'prefetch', 'web', '-n', 'shop')).toMatch(
    /Events:[^]*Normal +AllPresent +.*kube-prefetch +2 of 2 present/,
  );
  expect(await server.kubectl('describe', 'clusterprefetch', 'base.images')).toMatch(/Events:[^]*AllPresent/);
  expect(await server.kubectl('get', 'events', '-n', 'shop')).toMatch(/Normal +AllPresent +prefetch\/web/);
});
