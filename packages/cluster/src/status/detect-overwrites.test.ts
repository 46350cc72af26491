import type { ResourceRef } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { aStatus } from '../../testing/index.ts';
import { PREFETCHES } from '../api/kinds.ts';
import { createTwinApi } from '../../testing/twin/kube-api.ts';
import { createOverwriteDetector } from './detect-overwrites.ts';
import { createKubernetesSource } from '../source/kubernetes-source.ts';
import { createKubernetesStatusSink } from './kubernetes-status-sink.ts';

const WEB: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };
const { signal } = new AbortController();
const nothing = () => {};

/** A source and a sink of one process; what others do with the server goes beside them. */
async function start() {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock });
  const watching = api.connect();
  const overwrites = createOverwriteDetector();
  const sink = createKubernetesStatusSink({ api, clock, instance: 'coordinator-0', overwrites });
  const log = { debug: nothing, info: nothing, warn: nothing };
  const source = createKubernetesSource({ api: overwrites.through(watching), clock, random: () => 0.5, log });
  const stop = new AbortController();
  const running = source.run(nothing, stop.signal).catch(nothing);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const edit = (status: object | undefined, images = ['nginx']) =>
    api.apply(PREFETCHES, { metadata: WEB, spec: { images }, ...(status && { status }) });
  edit(undefined);
  await clock.advance(1_000);
  return { clock, api, watching, sink, edit, isOverwritten: () => sink.isOverwritten?.(WEB) };
}

test('a status that somebody else wrote over is seen to be, until it is put right', async () => {
  const { clock, sink, edit, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  edit(aStatus('9/9'));
  await clock.advance(0);
  expect(isOverwritten()).toBe(true);
  expect(await sink.write(WEB, aStatus('1/2'), signal)).toBe('written');
  await clock.advance(1_000);
  expect(isOverwritten()).toBe(false);
});

test('one that somebody else took away is seen to be missing', async () => {
  const { clock, api, sink, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  await api.write({ verb: 'patchStatus', kind: PREFETCHES, name: WEB, status: { failures: null } }, signal);
  await clock.advance(0);
  expect(isOverwritten()).toBe(true);
});

test('of a resource that is deleted nothing is kept', async () => {
  const { clock, api, sink, edit, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  edit(aStatus('9/9'));
  await clock.advance(0);
  expect(isOverwritten()).toBe(true);
  api.remove(PREFETCHES, WEB);
  await clock.advance(0);
  expect(isOverwritten()).toBe(false);
});

test('what we wrote ourselves is not foreign, also where it is heard of late', async () => {
  const { clock, watching, sink, isOverwritten } = await start();
  watching.fallSilent();
  await sink.write(WEB, aStatus('1/2'), signal);
  await sink.write(WEB, aStatus('2/2'), signal);
  watching.restore();
  await clock.advance(1_000);
  expect(isOverwritten()).toBe(false);
});

test.each([
  ['9', false],
  ['10', false],
  ['11', true],
  ['an opaque version', false],
])('of what a watch brings only a newer version is news: %s after 10', async (resourceVersion, isNews) => {
  const overwrites = createOverwriteDetector();
  const object = (version: string, warm: string) => ({
    metadata: { namespace: 'shop', name: 'web', resourceVersion: version },
    status: aStatus(warm),
  });
  overwrites.settle(WEB, object('10', '2/2'));
  async function* watch() {
    yield { type: 'MODIFIED', object: object(resourceVersion, '1/2') } as const;
  }
  const api = { ...createTwinApi({ clock: createVirtualClock() }), watch };
  for await (const event of overwrites.through(api).watch(PREFETCHES, '1', signal)) expect(event.type).toBe('MODIFIED');
  expect(overwrites.isOverwritten(WEB)).toBe(isNews);
});

test('a list of names says nothing about statuses', async () => {
  const { api, sink, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  const overwrites = createOverwriteDetector();
  overwrites.settle(WEB, {
    metadata: { namespace: 'shop', name: 'web', resourceVersion: '1' },
    status: aStatus('1/2'),
  });
  const { items } = await overwrites.through(api).list(PREFETCHES, { limit: 5, namesOnly: true }, signal);
  expect(items).toHaveLength(1);
  expect(overwrites.isOverwritten(WEB)).toBe(false);
  expect(isOverwritten()).toBe(false);
});

test('a new spec under the same status is no other status', async () => {
  const { clock, sink, edit, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  edit(undefined, ['nginx', 'redis']);
  await clock.advance(0);
  expect(isOverwritten()).toBe(false);
});

test('one that was written over and put back by others needs nothing', async () => {
  const { clock, sink, edit, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  edit(aStatus('9/9'));
  await clock.advance(0);
  edit(aStatus('1/2'));
  await clock.advance(0);
  expect(isOverwritten()).toBe(false);
});

test('what is changed while no watch stands is seen once it is listed or watched again', async () => {
  const { clock, api, watching, sink, edit, isOverwritten } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  watching.cutOff();
  await clock.advance(10_000);
  edit(aStatus('9/9'));
  api.compact();
  expect(isOverwritten()).toBe(false);
  watching.restore();
  await clock.advance(60_000);
  expect(isOverwritten()).toBe(true);
});

test('what was read counts as ours: an earlier term wrote it', async () => {
  const { clock, sink, edit, isOverwritten } = await start();
  edit(aStatus('1/2'));
  await clock.advance(0);
  await sink.read(WEB, signal);
  expect(isOverwritten()).toBe(false);
  edit(aStatus('9/9'));
  await clock.advance(0);
  expect(isOverwritten()).toBe(true);
});

test('seeing it costs the server no request', async () => {
  const { clock, api, sink, edit } = await start();
  await sink.write(WEB, aStatus('1/2'), signal);
  const requests = () => (['list', 'watch', 'get'] as const).map(verb => api.requests(verb, PREFETCHES));
  const before = requests();
  edit(aStatus('9/9'));
  await clock.advance(1_000);
  expect(sink.isOverwritten?.(WEB)).toBe(true);
  expect(requests()).toEqual(before);
});
