import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { KubeApi, KubeEvent } from '../../src/api/kube-api.ts';
import { DEPLOYMENTS, PREFETCHES } from '../../src/api/kinds.ts';
import { createTwinApi } from './kube-api.ts';

const { signal } = new AbortController();
const web = { namespace: 'shop', name: 'web' };
const prefetch = (image: string) => ({ metadata: { ...web }, spec: { images: [image] } });

function start() {
  const clock = createVirtualClock();
  return { clock, api: createTwinApi({ clock }) };
}

function follow(api: KubeApi, from: string) {
  const seen: KubeEvent[] = [];
  const read = async () => {
    for await (const event of api.watch(PREFETCHES, from, signal)) seen.push(event);
  };
  return { seen, end: read().catch((error: unknown) => error) };
}

test("another client's object keeps our status, and counts its generations", async () => {
  const { api } = start();
  api.apply(PREFETCHES, prefetch('a'));
  await api.write({ verb: 'patchStatus', kind: PREFETCHES, name: web, status: { warm: '1/1' } }, signal);
  api.apply(PREFETCHES, prefetch('b'));
  expect(api.read(PREFETCHES, web)).toMatchObject({ metadata: { generation: 2 }, status: { warm: '1/1' } });
});

test('one connection is cut off, and others are not', async () => {
  const { api } = start();
  const other = api.connect();
  api.apply(PREFETCHES, prefetch('a'));
  const { end } = follow(api, '1');
  api.cutOff();
  expect(await end).toMatchObject({ failure: 'Unreachable' });
  await expect(api.get(PREFETCHES, web, signal)).rejects.toMatchObject({ failure: 'Unreachable' });
  expect(await other.get(PREFETCHES, web, signal)).toMatchObject(prefetch('a'));
  api.restore();
  expect(await api.get(PREFETCHES, web, signal)).toMatchObject(prefetch('a'));
});

test('a break is noticed however short it was', async () => {
  const { api } = start();
  const { seen, end } = follow(api, '1');
  await Promise.resolve();
  api.cutOff();
  api.restore();
  expect(await end).toMatchObject({ failure: 'Unreachable' });
  expect(seen.length).toBeLessThan(2);
});

test('a lost answer is that of a write which took effect', async () => {
  const { api } = start();
  api.loseNextAnswer();
  const write = () => api.write({ verb: 'create', kind: PREFETCHES, object: prefetch('a') }, signal);
  await expect(write()).rejects.toMatchObject({ failure: 'Unreachable' });
  await expect(write()).rejects.toMatchObject({ failure: 'AlreadyExists' });
});

test('in silence a call fails by its deadline, and a watch says nothing and goes on afterwards', async () => {
  const { api, clock } = start();
  const { seen } = follow(api, '1');
  await clock.advance(0);
  api.fallSilent();
  api.apply(PREFETCHES, prefetch('a'));
  const get = api.get(PREFETCHES, web, signal).catch((error: unknown) => error);
  await clock.advance(29_999);
  expect(seen).toHaveLength(1);
  await clock.advance(1);
  expect(await get).toMatchObject({ failure: 'Unreachable' });
  api.restore();
  await clock.advance(0);
  expect(seen.map(event => event.type)).toEqual(['BOOKMARK', 'ADDED']);
});

test('a watch is bookmarked about once a minute once its kind has changed, and ends after five', async () => {
  const { api, clock } = start();
  const { seen, end } = follow(api, '1');
  api.apply(DEPLOYMENTS, prefetch('a'));
  await clock.advance(120_000);
  expect(seen).toEqual([{ type: 'BOOKMARK', resourceVersion: '1' }]);
  const version = api.apply(PREFETCHES, prefetch('a')).metadata.resourceVersion;
  await clock.advance(60_000);
  expect(seen.at(-1)).toEqual({ type: 'BOOKMARK', resourceVersion: version });
  await clock.advance(120_000);
  expect(await end).toBeUndefined();
  expect(clock.sleepers()).toBe(0);
});

test('only so many changes are kept', async () => {
  const { api } = start();
  const before = api.apply(PREFETCHES, prefetch('a')).metadata.resourceVersion ?? '';
  for (let change = 0; change <= 10_000; change += 1) api.apply(DEPLOYMENTS, prefetch(`${change}`));
  expect(await follow(api, before).end).toMatchObject({ failure: 'Expired' });
  expect((await api.list(PREFETCHES, { limit: 5 }, signal)).items).toHaveLength(1);
});

test('requests are counted, those that are refused too', async () => {
  const { api } = start();
  api.refuse(PREFETCHES, 'Forbidden');
  await expect(api.list(PREFETCHES, { limit: 5 }, signal)).rejects.toMatchObject({ failure: 'Forbidden' });
  api.allow(PREFETCHES);
  await api.list(PREFETCHES, { limit: 5 }, signal);
  expect([api.requests('list', PREFETCHES), api.requests('list', DEPLOYMENTS)]).toEqual([2, 0]);
});
