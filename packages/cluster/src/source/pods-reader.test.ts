import type { ClusterState } from '@kube-prefetch/core';
import { seededRandom } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { aDeployment, aPrefetch, type PlainObject } from '../../testing/index.ts';
import { createTwinApi } from '../../testing/twin/kube-api.ts';
import { DEPLOYMENTS, PODS, PREFETCHES, REPLICA_SETS } from '../api/kinds.ts';
import { createKubernetesSource } from './kubernetes-source.ts';

const workloads = (parts: object) => ({ workloads: [{ kinds: ['Deployment'], selector: {}, ...parts }] });
const owned = (apiVersion: string, kind: string, name: string) => [
  { apiVersion, kind, name, uid: 'u', controller: true },
];

/** A pod of ReplicaSet web-1. */
function aPod(name: string, images: readonly string[], metadata: PlainObject = {}): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels: { 'pod-template-hash': '1' },
      ownerReferences: owned('apps/v1', 'ReplicaSet', 'web-1'),
      ...metadata,
    },
    spec: { nodeName: 'n1', containers: images.map((image, index) => ({ name: `c${index}`, image })) },
    status: { phase: 'Running' },
  };
}

/** Deployment web with its ReplicaSet web-1, on the twin of an API server. */
function prepare({ pods = true } = {}) {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock });
  api.apply(DEPLOYMENTS, aDeployment('web', ['web:1']));
  const set = aDeployment('web-1', ['web:1']);
  const metadata = { name: 'web-1', namespace: 'shop', ownerReferences: owned('apps/v1', 'Deployment', 'web') };
  api.apply(REPLICA_SETS, { ...set, kind: 'ReplicaSet', metadata });
  const log = { debug() {}, info() {}, warn() {} };
  const source = createKubernetesSource({ api, clock, random: seededRandom(3), log, pods });
  const stop = new AbortController();
  const running = source.run(() => {}, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const until = async (condition: (state: ClusterState) => boolean) => {
    for (let turn = 0; turn < 2_000; turn += 1) {
      const state = source.read();
      if (state !== undefined && condition(state)) return state;
      await clock.advance(100);
    }
    throw new Error('this never happened');
  };
  const prefetch = (spec: object) => api.apply(PREFETCHES, aPrefetch('warm', spec as PlainObject));
  return { clock, api, source, until, prefetch };
}

const images = ({ pods }: ClusterState) =>
  pods?.admitted.map(({ gone, pod }) =>
    [...pod.containers.map(({ image }) => image), ...(gone ? ['gone'] : [])].join(),
  );

test('pods are read only while a resource wants to know of them, and the first state waits for them', async () => {
  const { api, clock, until, prefetch } = prepare();
  api.apply(PODS, aPod('web-1-a', ['m/web:1', 'm/proxy:1']));
  prefetch(workloads({ images: 'Written' }));
  await until(() => true);
  await clock.advance(10_000);
  expect(api.requests('list', PODS)).toBe(0);
  prefetch(workloads({}));
  const first = await until(state => images(state)?.length === 1);
  expect(images(first)).toEqual(['m/web:1,m/proxy:1']);
  prefetch({ images: ['a:1'] });
  const later = await until(state => images(state)?.length === 0);
  expect(later.pods?.allowed).toBe(true);
  await clock.advance(2_000);
  const lists = api.requests('list', PODS) + api.requests('watch', PODS);
  api.endWatches();
  await clock.advance(30_000);
  expect(api.requests('list', PODS) + api.requests('watch', PODS)).toBe(lists);
});

test('twenty pods of one template cost one request, and a pod that is gone still says what the next one carries', async () => {
  const { api, clock, until, prefetch } = prepare();
  for (let index = 0; index < 20; index += 1) api.apply(PODS, aPod(`web-1-${index}`, ['m/web:1']));
  prefetch(workloads({}));
  await until(state => images(state)?.length === 1);
  expect(api.requests('get', PODS)).toBe(1);
  for (let index = 0; index < 20; index += 1) api.remove(PODS, { namespace: 'shop', name: `web-1-${index}` });
  expect(images(await until(state => images(state)?.[0]?.endsWith('gone') === true))).toEqual(['m/web:1,gone']);
  // It counts for its Deployment, whoever made the pods.
  api.remove(REPLICA_SETS, { namespace: 'shop', name: 'web-1' });
  await clock.advance(5_000);
  expect(images(await until(() => true))).toEqual(['m/web:1,gone']);
  api.remove(DEPLOYMENTS, { namespace: 'shop', name: 'web' });
  await until(state => images(state)?.length === 0);
});

test('a younger pod of the same template is read after a while: webhooks change too', async () => {
  const { api, clock, until, prefetch } = prepare();
  api.apply(PODS, aPod('web-1-a', ['m/proxy:1']));
  prefetch(workloads({}));
  await until(state => images(state)?.[0] === 'm/proxy:1');
  await clock.advance(2_000);
  api.apply(PODS, aPod('web-1-b', ['m/proxy:2']));
  await clock.advance(240_000);
  expect(api.requests('get', PODS)).toBe(1);
  await until(state => images(state)?.[0] === 'm/proxy:2');
});

test('what cannot be read is a gap of those who want to know, and takes nothing away', async () => {
  const { api, until, prefetch } = prepare();
  api.apply(PODS, aPod('web-1-a', ['m/web:1']));
  prefetch(workloads({}));
  await until(state => images(state)?.length === 1);
  api.refuse(PODS, 'Forbidden');
  api.endWatches();
  const { pods, gaps } = await until(state => (state.pods?.gaps.length ?? 0) > 0);
  expect(pods?.gaps).toEqual([expect.stringContaining('pods cannot be read: Forbidden')]);
  expect([pods?.admitted.length, gaps]).toEqual([1, []]);
  api.allow(PODS);
  await until(state => state.pods?.gaps.length === 0);
});

test('a pod that is malformed is named, and those of other templates are read', async () => {
  const { api, until, prefetch } = prepare();
  api.apply(PODS, { ...aPod('web-1-a', []), spec: {} });
  const other = { labels: { 'pod-template-hash': '2' } };
  api.apply(PODS, aPod('web-1-b', ['m/web:2'], other));
  prefetch(workloads({}));
  const { pods } = await until(state => (state.pods?.gaps.length ?? 0) > 0);
  expect(pods?.gaps).toEqual([expect.stringContaining('Pod shop/web-1-a cannot be read: spec.containers')]);
  expect(pods?.admitted.map(({ pod }) => pod.containers[0]?.image)).toEqual(['m/web:2']);
});

test('for the kind Pod every pod is read as a whole, and no single one', async () => {
  const { api, until, prefetch } = prepare();
  api.apply(PODS, aPod('web-1-a', ['m/web:1']));
  api.apply(PODS, aPod('build', ['ci/build:1'], { ownerReferences: [] }));
  prefetch({ workloads: [{ kinds: ['Pod', 'Deployment'], selector: {} }] });
  const state = await until(({ pods }) => pods?.all.length === 2 && pods.admitted.length === 1);
  expect(state.pods?.all.map(({ name }) => name)).toEqual(['build', 'web-1-a']);
  expect(api.requests('get', PODS)).toBe(0);
  prefetch(workloads({}));
  await until(({ pods }) => pods?.all.length === 0 && pods.admitted.length === 1);
});

test('without the right nothing is asked for', async () => {
  const { api, clock, until, prefetch } = prepare({ pods: false });
  prefetch({ workloads: [{ kinds: ['Pod', 'Deployment'], selector: {} }] });
  const { pods } = await until(state => state.resources.length === 1);
  await clock.advance(10_000);
  expect([pods?.allowed, api.requests('list', PODS)]).toEqual([false, 0]);
});
