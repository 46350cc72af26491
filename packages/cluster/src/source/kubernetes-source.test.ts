import type { ClusterState } from '@kube-prefetch/core';
import { aState } from '@kube-prefetch/core/testing';
import { seededRandom, withDeadline } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import {
  aDeployment,
  aNamespace,
  aNode,
  aPrefetch,
  KINDS_READ,
  clusterSourceSuite,
  type PlainObject,
} from '../../testing/index.ts';
import { type KubeApi, KubeApiError, type KubeEvent, type KubeKind, type ObjectName } from '../api/kube-api.ts';
import {
  DEPLOYMENTS,
  DEVICE_CLASSES,
  JOBS,
  NAMESPACES,
  NODES,
  PREFETCHES,
  SERVICE_ACCOUNTS,
  TECHSQUAD_PREFETCHES,
} from '../api/kinds.ts';
import { createTwinApi } from '../../testing/twin/kube-api.ts';
import { createKubernetesSource } from './kubernetes-source.ts';

const SHOP_A = { namespace: 'shop', name: 'a' };
const KINDS = [PREFETCHES, NAMESPACES, NODES, DEPLOYMENTS, SERVICE_ACCOUNTS];

function prepare(maxAnswerBytes?: number, techsquad?: boolean) {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock, maxAnswerBytes });
  const logged: { message: string; fields: object }[] = [];
  const note = (fields: object, message: string) => void logged.push({ message, fields });
  let pageMs = 0;
  let slowFrom = Infinity;
  const list: KubeApi['list'] = async (kind, page, signal) => {
    await clock.sleep(pageMs, signal);
    if (page.limit >= slowFrom) {
      const cause = await withDeadline(clock, 30_000, signal, 'a page', inTime => clock.sleep(60_000, inTime)).catch(
        error => error,
      );
      throw new KubeApiError('Unreachable', 'it took longer than 30000 ms', { cause });
    }
    return await api.list(kind, page, signal);
  };
  let broken = false;
  let oddEvent: KubeEvent | undefined;
  const watchedFrom: string[] = [];
  const watch: KubeApi['watch'] = async function* (kind, from, signal) {
    if (kind.kind === 'Deployment') watchedFrom.push(from);
    for await (const event of api.watch(kind, from, signal)) {
      yield event;
      if (kind.kind === 'Deployment' && oddEvent !== undefined) yield oddEvent;
      if (broken) return;
    }
  };
  const source = createKubernetesSource({
    api: { ...api, list, watch },
    clock,
    random: seededRandom(7),
    ownNamespace: 'kube-prefetch',
    techsquad,
    log: { debug: () => {}, info: note, warn: note },
  });
  const until = async (condition: () => boolean) => {
    for (let turn = 0; turn < 5_000; turn += 1) {
      if (condition()) return;
      await clock.advance(100);
    }
    throw new Error('this never happened');
  };
  let held = new Map<string, [KubeKind, ObjectName]>();
  const hold = (objects: readonly PlainObject[]) => {
    const next = new Map<string, [KubeKind, ObjectName]>();
    for (const object of objects) {
      const kind = KINDS.find(candidate => candidate.kind === object.kind);
      if (kind === undefined) throw new Error(`this test holds no ${String(object.kind)}`);
      const { namespace, name } = api.apply(kind, object).metadata;
      next.set(JSON.stringify([kind, namespace, name]), [
        kind,
        namespace === undefined ? { name } : { namespace, name },
      ]);
    }
    for (const [key, [kind, name]] of held) if (!next.has(key)) api.remove(kind, name);
    held = next;
  };
  return {
    clock,
    api,
    source,
    logged,
    until,
    hold,
    /** From now on they end once the server has accepted them. */
    breakWatches: (isBroken: boolean) => void (broken = isBroken),
    /** Follows every event about Deployments. */
    slipIn: (event: KubeEvent) => void (oddEvent = event),
    /** The versions from which Deployments were watched. */
    watchedFrom,
    slowDown: (ms: number) => void (pageMs = ms),
    limitPages: (most: number) => void (slowFrom = most + 1),
  };
}

clusterSourceSuite('the Kubernetes source', async () => {
  const { api, source, until, hold } = prepare();
  return {
    source,
    until,
    hold: async objects => hold(objects),
    setFailing: async failing => (failing ? api.cutOff() : api.restore()),
    close: async () => {},
  };
});

/** A source that runs until the test ends. */
function start(
  objects: readonly PlainObject[],
  before: (prepared: ReturnType<typeof prepare>) => void = () => {},
  maxAnswerBytes?: number,
  techsquad?: boolean,
) {
  const prepared = prepare(maxAnswerBytes, techsquad);
  const { clock, source, until, hold } = prepared;
  let changes = 0;
  hold(objects);
  before(prepared);
  const stop = new AbortController();
  let ended = false;
  const run = source.run(() => void (changes += 1), stop.signal).then(() => void (ended = true));
  onTestFinished(async () => {
    stop.abort();
    await until(() => ended);
    await run;
    expect(clock.sleepers()).toBe(0);
  });
  const reads = async (condition: (state: ClusterState) => boolean): Promise<ClusterState> => {
    await until(() => condition(source.read() ?? aState()));
    return source.read() as ClusterState;
  };
  return { ...prepared, reads, changes: () => changes };
}

const names = (state: ClusterState | undefined) => state?.workloads.map(({ name }) => name).join();
const minutesMs = (minutes: number) => minutes * 60_000;
const aBadDeployment = (name: string) => ({
  ...aDeployment(name),
  spec: { template: { spec: { containers: 'many' } } },
});

test('what is not kept of an object wakes nobody: our own status, heartbeats, managed fields', async () => {
  const { api, clock, reads, changes } = start([aPrefetch('warm'), aNode('n1'), aDeployment('web')]);
  const before = await reads(state => state.nodes.length === 1);
  const told = changes();
  const patch = { verb: 'patchStatus', kind: PREFETCHES, name: { namespace: 'shop', name: 'warm' } } as const;
  await api.write({ ...patch, status: { warm: '1/2' } }, AbortSignal.timeout(1_000));
  const heartbeat = { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:10Z' };
  api.apply(NODES, { ...aNode('n1'), status: { conditions: [heartbeat] } });
  api.apply(DEPLOYMENTS, { ...aDeployment('web'), status: { replicas: 3 } });
  await clock.advance(1_000);
  expect(changes()).toBe(told);
  api.apply(NODES, { ...aNode('n1'), status: { conditions: [{ ...heartbeat, status: 'False' }] } });
  const after = await reads(state => state.nodes[0]?.ready === false);
  expect(changes()).toBe(told + 1);
  expect([after.resources === before.resources, after.workloads === before.workloads]).toEqual([true, true]);
});

test('pages are halved until they fit, and an object that never does is left out by its name', async () => {
  const weighing = (name: string, bytes: number, image = 'a') =>
    aDeployment(name, [image, ...Array.from({ length: bytes / 1_000 }, (_, index) => `${'x'.repeat(950)}:${index}`)]);
  const number = (index: number) => String(index).padStart(3, '0');
  const many = Array.from({ length: 200 }, (_, index) => aDeployment(`web-${number(index)}`));
  const big = Array.from({ length: 10 }, (_, index) => weighing(`big-${number(index)}`, 40_000));
  const { api, reads, hold } = start([...big, ...many], () => {}, 100_000);
  await reads(state => state.workloads.length === 210);
  const requests = api.requests('list', DEPLOYMENTS);
  expect(requests).toBeLessThan(40);

  hold([...big, weighing('huge', 120_000, 'b'), ...many]);
  const told = await reads(state => state.workloads.length === 211);
  expect(told.gaps).toEqual([]);
  const refused = start([...big, weighing('huge', 120_000, 'b'), ...many], () => {}, 100_000);
  const state = await refused.reads(({ gaps }) => gaps.length > 0);
  expect(state.gaps).toEqual([
    'Deployment shop/huge: it is larger than what is read of the API server at once; it does not count',
  ]);
  expect(state.workloads).toHaveLength(210);
  refused.hold([...big, weighing('huge', 20_000, 'b'), ...many]);
  await refused.reads(({ gaps, workloads }) => gaps.length === 0 && workloads.length === 211);
});

test('a page that does not come in time over a slow line is asked for again in halves', async () => {
  const many = Array.from({ length: 200 }, (_, index) => aDeployment(`web-${String(index).padStart(3, '0')}`));
  const { reads } = start(many, prepared => prepared.limitPages(40));
  const state = await reads(({ workloads, gaps }) => workloads.length === 200 && gaps.length === 0);
  expect(state.gaps).toEqual([]);
});

test('2,000 Deployments are listed in pages, and one that changes takes no other with it', async () => {
  const deployments = Array.from({ length: 2_000 }, (_, index) => aDeployment(`web-${String(index).padStart(4, '0')}`));
  const { api, clock, reads } = start(deployments);
  const before = await reads(state => state.workloads.length === 2_000);
  expect(api.requests('list', DEPLOYMENTS)).toBe(4);
  api.cutOff();
  api.apply(DEPLOYMENTS, aDeployment('web-1000', ['other']));
  api.compact();
  await clock.advance(1_000);
  api.restore();
  const after = await reads(state => state.workloads[1_000]?.pod.containers[0]?.image === 'other');
  expect(api.requests('list', DEPLOYMENTS)).toBe(8);
  expect(after.workloads.filter((workload, index) => workload !== before.workloads[index])).toHaveLength(1);
});

test('a watch that ends is resumed without a list, and nothing is missed', async () => {
  const { api, reads, clock } = start([aDeployment('a')]);
  await reads(state => names(state) === 'a');
  await clock.advance(10_000);
  const lists = api.requests('list', DEPLOYMENTS);
  api.cutOff();
  api.apply(DEPLOYMENTS, aDeployment('b'));
  api.remove(DEPLOYMENTS, { namespace: 'shop', name: 'a' });
  await clock.advance(20_000);
  api.restore();
  const state = await reads(read => names(read) === 'b');
  expect(state.gaps).toEqual([]);
  expect(api.requests('list', DEPLOYMENTS)).toBe(lists);
});

test('where watches end as soon as they begin, lists keep the state up to date, and a list that fails as well becomes a gap', async () => {
  const { api, reads, clock } = start([aDeployment('a')], ({ breakWatches }) => breakWatches(true));
  await reads(state => names(state) === 'a');
  api.apply(DEPLOYMENTS, aDeployment('b'));
  expect((await reads(state => names(state) === 'a,b')).gaps).toEqual([]);
  const before = api.requests('list', DEPLOYMENTS);
  await clock.advance(minutesMs(10));
  expect(api.requests('list', DEPLOYMENTS) - before).toBeLessThan(60);
  api.refuse(DEPLOYMENTS, 'ServerError');
  expect((await reads(({ gaps }) => gaps.length > 0)).workloads).toHaveLength(2);
});

test('a version that is no longer kept is listed anew, and what is gone meanwhile goes', async () => {
  const { api, reads, clock } = start([aDeployment('a'), aDeployment('b')]);
  const before = await reads(state => names(state) === 'a,b');
  await clock.advance(10_000);
  api.cutOff();
  api.remove(DEPLOYMENTS, { namespace: 'shop', name: 'a' });
  api.apply(DEPLOYMENTS, aDeployment('c'));
  api.compact();
  await clock.advance(5_000);
  api.restore();
  const after = await reads(state => names(state) === 'b,c');
  expect(after.workloads[0]).toBe(before.workloads[1]);
  expect(after.gaps).toEqual([]);
});

test('a quiet watch is opened anew where it stood, after a bookmark from there, and nothing is listed', async () => {
  const { api, clock, reads } = start([aDeployment('a')]);
  await reads(state => names(state) === 'a');
  const [lists, watches] = [api.requests('list', JOBS), api.requests('watch', JOBS)];
  await clock.advance(minutesMs(4));
  expect([api.requests('list', JOBS), api.requests('watch', JOBS) > watches]).toEqual([lists, true]);
  for (let index = 0; index < 20; index += 1) api.apply(DEPLOYMENTS, aDeployment(`b${index}`));
  api.bookmark();
  await clock.advance(100);
  api.compact();
  const opened = api.requests('watch', JOBS);
  api.endWatches();
  await clock.advance(10_000);
  expect([api.requests('list', JOBS), api.requests('watch', JOBS)]).toEqual([lists, opened + 1]);
});

test('a watch that tells of older versions is not resumed from there', async () => {
  const { clock, api, reads, slipIn, watchedFrom } = start([aDeployment('a')], ({ slipIn: early }) =>
    early({ type: 'BOOKMARK', resourceVersion: '1' }),
  );
  await reads(state => names(state) === 'a');
  slipIn({ type: 'MODIFIED', object: { ...aDeployment('a'), metadata: { ...SHOP_A, resourceVersion: '1' } } });
  api.apply(DEPLOYMENTS, aDeployment('b'));
  await clock.advance(minutesMs(11));
  expect(watchedFrom.length).toBeGreaterThan(2);
  expect(watchedFrom.toSorted((one, other) => Number(one) - Number(other))).toEqual(watchedFrom);
});

test('a server that falls silent is noticed, becomes a gap a minute later, and is resumed when it answers', async () => {
  const { api, clock, reads, changes } = start([aDeployment('a')]);
  const good = await reads(state => names(state) === 'a');
  const told = changes();
  api.fallSilent();
  api.apply(DEPLOYMENTS, aDeployment('b'));
  await clock.advance(minutesMs(2));
  expect(changes()).toBe(told);
  const failed = await reads(state => state.gaps.length === 12);
  expect(failed.workloads).toBe(good.workloads);
  expect(failed.gaps).toContainEqual(expect.stringMatching(/^deployments\.apps cannot be read: Unreachable: /));
  api.restore();
  expect((await reads(state => names(state) === 'a,b' && state.gaps.length === 0)).gaps).toEqual([]);
});

test('a short outage is no gap, a long one is, in words that do not change while it lasts', async () => {
  const { api, clock, source, reads, changes } = start([aDeployment('a')]);
  await reads(state => names(state) === 'a');
  await clock.advance(10_000);
  const told = changes();
  api.cutOff();
  await clock.advance(59_000);
  expect(source.read()?.gaps).toEqual([]);
  await clock.advance(15_000);
  expect(source.read()?.gaps).toHaveLength(KINDS_READ);
  const tolds = changes();
  expect(tolds).toBeGreaterThan(told);
  await clock.advance(minutesMs(10));
  expect(changes()).toBe(tolds);
});

test('what may not be read is a gap from the start, and the rest is read', async () => {
  const { api, reads, source, clock } = start([aDeployment('a'), aPrefetch('warm'), aNode('n1')], ({ api: refusing }) =>
    refusing.refuse(JOBS, 'Forbidden'),
  );
  await clock.advance(4_000);
  expect(source.read()).toBeUndefined();
  const state = await reads(({ gaps }) => gaps.length > 0);
  expect(state.gaps).toEqual([
    expect.stringMatching(/^jobs\.batch cannot be read: Forbidden: .*; nothing of it is known yet$/),
  ]);
  expect([names(state), state.nodes.length, state.resources.length]).toEqual(['a', 1, 1]);
  api.allow(JOBS);
  await reads(({ gaps, workloads }) => workloads.length === 1 && gaps.length === 0);
});

test('a kind that becomes forbidden keeps what was read last, is named, and the rest goes on', async () => {
  const { api, reads, clock } = start([aDeployment('a'), aNode('n1')]);
  const good = await reads(state => names(state) === 'a' && state.nodes.length === 1);
  await clock.advance(10_000);
  api.refuse(DEPLOYMENTS, 'Forbidden');
  api.endWatches();
  api.apply(NODES, aNode('n2'));
  const state = await reads(({ gaps, nodes }) => gaps.length > 0 && nodes.length === 2);
  expect(state.gaps).toEqual([
    expect.stringMatching(/^deployments\.apps cannot be read: Forbidden: .*; what was read last counts$/),
  ]);
  expect(state.workloads).toBe(good.workloads);
  api.allow(DEPLOYMENTS);
  expect((await reads(({ gaps }) => gaps.length === 0)).workloads).toBe(good.workloads);
});

test('resources whose definitions are not installed are a gap that says so', async () => {
  const { reads } = start([aNode('n1')], ({ api }) => api.refuse(PREFETCHES, 'NotFound'));
  const { gaps } = await reads(state => state.gaps.length > 0);
  expect(gaps).toEqual([
    expect.stringMatching(/^prefetches\.kube-prefetch\.io .*install the CustomResourceDefinitions/),
  ]);
});

test('a kind that an older API server does not have is no gap, and is read once it is there', async () => {
  const { api, reads, clock } = start([aNode('n1')], ({ api: older }) => older.refuse(DEVICE_CLASSES, 'NotFound'));
  const without = await reads(({ nodes }) => nodes.length === 1);
  await clock.advance(minutesMs(5));
  expect([without.gaps, without.deviceClasses]).toEqual([[], []]);
  api.allow(DEVICE_CLASSES);
  const gpu = { apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata: { name: 'gpu' }, spec: {} };
  api.apply(DEVICE_CLASSES, gpu);
  await reads(({ deviceClasses }) => deviceClasses.length === 1);
  api.refuse(DEVICE_CLASSES, 'NotFound');
  api.endWatches();
  await clock.advance(minutesMs(5));
  expect((await reads(() => true)).deviceClasses).toEqual([{ name: 'gpu', createdAt: expect.any(String) }]);
  api.refuse(DEVICE_CLASSES, 'Forbidden');
  await reads(({ gaps }) => gaps.length === 1);
});

test('a malformed object is a gap that names it, and counts as it did before', async () => {
  const { api, reads } = start([aDeployment('a'), aDeployment('b')]);
  const good = await reads(state => names(state) === 'a,b');
  api.apply(DEPLOYMENTS, aBadDeployment('a'));
  api.apply(DEPLOYMENTS, aBadDeployment('new'));
  const state = await reads(({ gaps }) => gaps.length === 2);
  expect(state.gaps).toEqual([
    expect.stringMatching(/^Deployment shop\/a: spec\.template\.spec\.containers: .*; what it said before counts$/),
    expect.stringMatching(/^Deployment shop\/new: .*; it does not count$/),
  ]);
  expect(state.workloads).toEqual(good.workloads);
  api.remove(DEPLOYMENTS, { namespace: 'shop', name: 'new' });
  api.apply(DEPLOYMENTS, aDeployment('a', ['fixed']));
  const healed = await reads(({ gaps }) => gaps.length === 0);
  expect(healed.workloads[0]?.pod.containers[0]?.image).toBe('fixed');
});

test('while a list is under way what was read before counts', async () => {
  const many = Array.from({ length: 1_200 }, (_, index) => aNamespace(`n-${index}`));
  const { api, clock, source, reads } = start(many, ({ slowDown }) => slowDown(1_000));
  const count = () => source.read()?.namespaces.length;
  await reads(state => state.namespaces.length === 1_200);
  await clock.advance(10_000);
  api.cutOff();
  api.remove(NAMESPACES, { name: 'n-7' });
  api.compact();
  await clock.advance(1_000);
  api.restore();
  const seen = new Set([count()]);
  for (let turn = 0; count() !== 1_199 && turn < 1_000; turn += 1) {
    await clock.advance(100);
    seen.add(count());
  }
  expect([...seen]).toEqual([1_200, 1_199]);
  expect(api.requests('list', NAMESPACES)).toBe(6);
});

test('an API server that is away is asked about every 5 s for each kind', async () => {
  const { api, clock, reads } = start([aDeployment('a')]);
  await reads(state => names(state) === 'a');
  const before = api.requests('watch', DEPLOYMENTS);
  api.refuse(DEPLOYMENTS, 'ServerError');
  api.endWatches();
  await clock.advance(minutesMs(10));
  const asked = api.requests('watch', DEPLOYMENTS) + api.requests('list', DEPLOYMENTS) - before;
  expect(asked).toBeGreaterThan(60);
  expect(asked).toBeLessThan(180);
});

test("another operator's Prefetches are read where that is asked for, beside ours of the same name", async () => {
  const sample = { metadata: { namespace: 'shop', name: 'warm' }, spec: { filter_by_labels: { app: 'nginx' } } };
  const refs = ({ resources }: ClusterState) => resources.map(({ ref, ownPods }) => [ref.kind, ref.name, ownPods]);
  const served = start([aPrefetch('warm')], ({ api }) => void api.apply(TECHSQUAD_PREFETCHES, sample), undefined, true);
  expect(refs(await served.reads(({ resources }) => resources.length === 2))).toEqual([
    ['Prefetch', 'warm', undefined],
    ['Prefetch.cache.techsquad.rocks', 'warm', true],
  ]);
  const off = start([aPrefetch('warm')], ({ api }) => void api.apply(TECHSQUAD_PREFETCHES, sample));
  expect(refs(await off.reads(({ resources }) => resources.length > 0))).toEqual([['Prefetch', 'warm', undefined]]);
  expect(off.api.requests('list', TECHSQUAD_PREFETCHES)).toBe(0);
});

test('a cluster without their definition has none, and that is no gap, before it comes or after it is removed', async () => {
  const { api, reads, clock, source } = start(
    [aPrefetch('warm')],
    prepared => prepared.api.refuse(TECHSQUAD_PREFETCHES, 'NotFound'),
    undefined,
    true,
  );
  await reads(({ resources }) => resources.length === 1);
  await clock.advance(minutesMs(5));
  expect(source.read()?.gaps).toEqual([]);
  expect(api.requests('list', TECHSQUAD_PREFETCHES)).toBeLessThan(8);

  api.allow(TECHSQUAD_PREFETCHES);
  api.apply(TECHSQUAD_PREFETCHES, { metadata: { namespace: 'shop', name: 'late' }, spec: {} });
  await reads(({ resources }) => resources.length === 2);
  api.refuse(TECHSQUAD_PREFETCHES, 'NotFound');
  await clock.advance(minutesMs(5));
  expect([source.read()?.gaps, source.read()?.resources.length]).toEqual([[], 2]);
});

test.each([
  ['kube-prefetch', true],
  [undefined, false],
])('with the own namespace %s ServiceAccounts are read: %s', async (ownNamespace, read) => {
  const clock = createVirtualClock();
  const api = createTwinApi({ clock });
  const log = { debug: () => {}, info: () => {}, warn: () => {} };
  const source = createKubernetesSource({ api, clock, random: seededRandom(7), ownNamespace, log });
  const stop = new AbortController();
  const run = source.run(() => {}, stop.signal);
  await clock.advance(10_000);
  expect(source.read()?.serviceAccounts).toEqual(read ? [] : undefined);
  expect(api.requests('list', SERVICE_ACCOUNTS) + api.requests('watch', SERVICE_ACCOUNTS) > 0).toBe(read);
  stop.abort();
  await clock.advance(0);
  await run;
});
