import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { aStatus, statusSinkSuite } from '../../testing/index.ts';
import type { StatusEvent } from '../ports/source-and-sink.ts';
import type { KubeObject } from '../api/kube-api.ts';
import { CLUSTER_PREFETCHES, EVENTS, PREFETCHES, TECHSQUAD_PREFETCHES } from '../api/kinds.ts';
import { createTwinApi } from '../../testing/twin/kube-api.ts';
import { createKubernetesStatusSink } from './kubernetes-status-sink.ts';

const WEB: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const BASE: ResourceRef = { kind: 'ClusterPrefetch', name: 'base.images' };
const { signal } = new AbortController();

function start() {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock });
  const kindOf = ({ kind }: ResourceRef) => (kind === 'Prefetch' ? PREFETCHES : CLUSTER_PREFETCHES);
  const create = ({ kind, ...metadata }: ResourceRef, images = ['nginx']) =>
    api.apply(kindOf({ kind, ...metadata }), { metadata, spec: { images } });
  for (const resource of [WEB, BASE]) create(resource);
  const sink = createKubernetesStatusSink({ api, clock, instance: 'coordinator-0' });
  const statusOf = (resource: ResourceRef) =>
    api.read(kindOf(resource), resource)?.status as PrefetchStatus | undefined;
  const events = async () => {
    const { items } = await api.list(EVENTS, { limit: 500 }, signal);
    const age = ({ metadata }: KubeObject) => Number(metadata.resourceVersion);
    return items.toSorted((a, b) => age(a) - age(b));
  };
  return {
    clock,
    api,
    sink,
    statusOf,
    events,
    create,
    remove: (resource: ResourceRef) => api.remove(kindOf(resource), resource),
  };
}

statusSinkSuite('the status of Kubernetes resources', async () => {
  const { sink, statusOf, events, remove, create } = start();
  return {
    sink,
    statusOf: async resource => statusOf(resource),
    events: async () =>
      (await events()).map(event => ({
        ...(event as unknown as StatusEvent),
        resource: event.involvedObject as ResourceRef,
      })),
    remove: async resource => remove(resource),
    create: async resource => void create(resource),
    close: async () => {},
  };
});

const event: StatusEvent = { type: 'Normal', reason: 'AllPresent', message: '2 of 2 present' };

test('what is no longer said is taken away, also what another version left', async () => {
  const { api, sink, statusOf } = start();
  const summary = { ...aStatus('1/2').summary, stale: 3 };
  api.apply(PREFETCHES, { metadata: WEB, spec: {}, status: { ...aStatus('1/2'), phase: 'Done', summary } });
  expect(await sink.write(WEB, aStatus('1/2'), signal)).toBe('written');
  expect(statusOf(WEB)).toEqual(aStatus('1/2'));
});

test('what the server holds already is not written, whoever wrote it', async () => {
  const { api, clock, sink } = start();
  await sink.write(WEB, aStatus('1/2'), signal);
  const restarted = createKubernetesStatusSink({ api, clock, instance: 'coordinator-1' });
  expect(await restarted.read(WEB, signal)).toEqual(aStatus('1/2'));
  const writes = api.requests('patchStatus', PREFETCHES);
  expect(await restarted.write(WEB, aStatus('1/2'), signal)).toBe('unchanged');
  expect(api.requests('patchStatus', PREFETCHES)).toBe(writes);
});

test('a status is one request where the one before is known, and an event one more', async () => {
  const { api, sink } = start();
  const asked = () => [api.requests('get', PREFETCHES), api.requests('patchStatus', PREFETCHES)];
  await sink.write(WEB, aStatus('1/2'), signal);
  expect(asked()).toEqual([1, 1]);
  await sink.write(WEB, aStatus('2/2'), signal);
  await sink.event(WEB, event, signal);
  expect([...asked(), api.requests('create', EVENTS)]).toEqual([1, 2, 1]);
});

test.each<[string, (parts: ReturnType<typeof start>) => unknown, (parts: ReturnType<typeof start>) => unknown]>([
  [
    'the spec',
    ({ create }) => create(WEB, ['redis']),
    ({ api }) => expect(api.read(PREFETCHES, WEB)).toMatchObject({ spec: { images: ['redis'] } }),
  ],
  [
    'the status',
    ({ api }) => api.apply(PREFETCHES, { metadata: WEB, spec: {}, status: { ...aStatus('9/9'), phase: 'Done' } }),
    ({ statusOf }) => expect(statusOf(WEB)).not.toHaveProperty('phase'),
  ],
])(
  'where somebody else changed %s unseen the object is read first, and is as it has to be',
  async (_what, change, check) => {
    const parts = start();
    await parts.sink.write(WEB, aStatus('1/2'), signal);
    change(parts);
    expect(await parts.sink.write(WEB, aStatus('2/2'), signal)).toBe('written');
    expect(parts.statusOf(WEB)).toEqual(aStatus('2/2'));
    expect(parts.api.requests('get', PREFETCHES)).toBe(2);
    check(parts);
  },
);

test('a status that cannot be made out counts as none', async () => {
  const { api, sink } = start();
  api.apply(PREFETCHES, { metadata: WEB, spec: {}, status: { phase: 'Done' } });
  expect(await sink.read(WEB, signal)).toBeUndefined();
});

test('a read that fails is not an empty one, and a write that fails is not done', async () => {
  const { api, sink } = start();
  api.refuse(PREFETCHES, 'Forbidden');
  await expect(sink.read(WEB, signal)).rejects.toThrow(/refused/);
  await expect(sink.write(WEB, aStatus('1/2'), signal)).rejects.toThrow(/refused/);
  await expect(sink.event(WEB, event, signal)).rejects.toThrow(/refused/);
});

test('an event names its resource by uid, in its namespace or, where it has none, in default', async () => {
  const { api, sink, events } = start();
  await sink.event(WEB, event, signal);
  await sink.event(BASE, event, signal);
  const [web, base] = await events();
  const uid = api.read(PREFETCHES, WEB as { name: string })?.metadata.uid;
  expect(web).toMatchObject({
    metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]+-1$/) },
    involvedObject: { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'Prefetch', namespace: 'shop', name: 'web', uid },
    reportingComponent: 'kube-prefetch',
    reportingInstance: 'coordinator-0',
  });
  expect(base?.metadata.namespace).toBe('default');
  expect(base?.involvedObject).not.toHaveProperty('namespace');
});

test('an event that comes again within a minute is told once', async () => {
  const { clock, sink, events } = start();
  const told = async () => (await events()).length;
  await sink.event(WEB, event, signal);
  await clock.advance(59_000);
  await sink.event(WEB, { ...event, message: '3 of 3 present' }, signal);
  expect(await told()).toBe(1);
  await sink.event(BASE, event, signal);
  await sink.event(WEB, { ...event, type: 'Warning', reason: 'Failing' }, signal);
  expect(await told()).toBe(3);
  await clock.advance(1_000);
  await sink.event(WEB, event, signal);
  expect(await told()).toBe(4);
});

test('a resource with the longest name has events too, and one that is gone has none', async () => {
  const { api, sink, events, remove } = start();
  const name = `${'a'.repeat(219)}.${'b'.repeat(33)}`;
  api.apply(PREFETCHES, { metadata: { namespace: 'shop', name }, spec: {} });
  await sink.event({ ...WEB, name }, event, signal);
  remove(WEB);
  await sink.event(WEB, event, signal);
  expect((await events()).map(({ involvedObject }) => (involvedObject as ResourceRef).name)).toEqual([name]);
});

test("another operator's resource is told its phase, only when that changes, and the sentence in an event", async () => {
  const { api, sink, events } = start();
  const sample: ResourceRef = { kind: 'Prefetch.cache.techsquad.rocks', namespace: 'shop', name: 'web' };
  api.apply(TECHSQUAD_PREFETCHES, { metadata: { namespace: 'shop', name: 'web' }, spec: {}, status: { other: 1 } });
  const write = (reason: string) => {
    const status = aStatus('1/2');
    return sink.write(sample, { ...status, conditions: status.conditions.map(was => ({ ...was, reason })) }, signal);
  };
  const held = () => api.read(TECHSQUAD_PREFETCHES, sample)?.status;
  expect([await write('Pulling'), await write('AllPresent'), held()]).toEqual([
    'written',
    'unchanged',
    { phase: 'RUNNING' },
  ]);
  expect([await write('Failing'), held()]).toEqual(['written', { phase: 'FAILED' }]);
  expect(await sink.read(sample, signal)).toBeUndefined();
  expect(api.read(PREFETCHES, WEB as { name: string })?.status).toBeUndefined();
  await sink.event(sample, event, signal);
  expect((await events())[0]?.involvedObject).toMatchObject({ apiVersion: 'cache.techsquad.rocks/v1', name: 'web' });
});
