import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { afterEach, expect, test } from 'vitest';
import { type SimulatedCluster, simulateCluster } from './simulate-cluster.ts';

const MIB = 1024 * 1024;
const MINUTE = 60_000;
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];
const IMAGE = 'r.example/app:latest';
const REFRESH = { policy: 'Always', interval: '10m' } as const;

let simulated: SimulatedCluster;
afterEach(() => simulated.stop());

const digestOf = (name: string) => `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;

function start(images: readonly string[], spec: Partial<PrefetchSpec> = {}, nodes = NODES): SimulatedCluster {
  simulated = simulateCluster({ nodes, refresh: { intervalMs: 60 * MINUTE, minIntervalMs: MINUTE } });
  for (const image of images) publish(image, 'old');
  const resource = aResource({
    ref: { kind: 'ClusterPrefetch', name: 'app' },
    spec: { images: [...images], refresh: REFRESH, ...spec },
  });
  const zoneOf = (i: number) => (i < nodes.length / 2 ? 'a' : 'b');
  simulated.set(
    aState({
      nodes: nodes.map((name, i) => aNode({ name, labels: { 'topology.kubernetes.io/zone': zoneOf(i) } })),
      resources: [resource],
    }),
  );
  return simulated;
}

const publish = (image: string, contents: string) =>
  simulated.registry.publish(image, {
    sizeBytes: 20 * MIB,
    bytesPerSecond: 10 * MIB,
    digest: digestOf(contents),
  });
const status = () => simulated.statuses.statuses.get('ClusterPrefetch app');
const zoneOf = (node: string | undefined) => (NODES.indexOf(node ?? '') < NODES.length / 2 ? 'a' : 'b');
const looked = () => simulated.coordinator().overview().looks[0];

async function until(holds: () => boolean, mostMs: number, stepMs = 200): Promise<void> {
  for (let ms = 0; ms < mostMs && !holds(); ms += stepMs) await simulated.clock.advance(stepMs);
  expect(holds()).toBe(true);
}

test('a tag that moved is noticed by one look, becomes stale, and comes everywhere again under limits and waves', async () => {
  const { clock, looks, nodes, registry } = start([IMAGE], {
    pull: { maxConcurrentNodes: 2, spread: { seeds: 1, fanout: 2 } },
  });
  await until(() => status()?.warm === '8/8', 5 * MINUTE);
  await clock.advance(30 * MINUTE);
  const asked = looks.length;
  expect([asked, new Set(looks.map(({ node }) => node)).size]).toEqual([3, 1]);
  const requests = registry.requests();
  publish(IMAGE, 'new');
  const seen = new Set<string>();
  let mostPulling = 0;
  await until(() => {
    const { summary, skew = [], conditions = [] } = status() ?? {};
    const pulling = [...nodes.values()].filter(({ runtime }) => runtime.running().length > 0).length;
    mostPulling = Math.max(mostPulling, pulling);
    const reason = conditions.find(({ type }) => type === 'Warm')?.reason;
    seen.add(`${reason}, stale ${summary?.stale ? 'some' : 'none'}, ${skew[0]?.digests.length ?? 0} contents`);
    return looks.length > asked && seen.size > 1 && status()?.warm === '8/8' && summary?.stale === 0;
  }, 15 * MINUTE);
  await clock.advance(10_000);
  console.log('statuses:', [...seen].join('; '));
  expect([...seen]).toContain('Pulling, stale some, 2 contents');
  expect(status()?.skew).toEqual([]);
  expect(mostPulling).toBe(2);
  expect(looks.length).toBe(asked + 1);
  expect(registry.requests() - requests).toBe(1 + NODES.length);
});

test('a scout that falls silent is replaced, by a node of another zone, and one that cannot ask as well', async () => {
  const { clock, looks, nodes } = start([IMAGE]);
  await until(() => looks.length === 1 && looked()?.scout === undefined, 15 * MINUTE);
  await until(() => looked()?.scout !== undefined, 15 * MINUTE);
  const silent = looked()?.scout;
  await nodes.get(silent ?? '')?.stopAgent();
  await until(() => looks.length === 2, 3 * MINUTE);
  const [, second] = looks;
  expect(zoneOf(second?.node)).not.toBe(zoneOf(silent));
  simulated.failLooksOf(second?.node ?? '');
  await until(() => looks.length === 4, 15 * MINUTE);
  const [failed, third] = looks.slice(2);
  expect([failed?.node, zoneOf(third?.node) !== zoneOf(failed?.node)]).toEqual([second?.node, true]);
  await clock.advance(10 * MINUTE);
  expect(looks.at(-1)?.node).toBe(third?.node);
  expect(looked()?.last).toMatchObject({ node: third?.node });
});

test('a registry that is away, or refuses, changes nothing: what is held stays, and why is told', async () => {
  const { clock, looks, registry, nodes } = start([IMAGE]);
  await until(() => status()?.warm === '8/8' && looks.length === 1, 15 * MINUTE);
  publish(IMAGE, 'new');
  registry.stop();
  await clock.advance(12 * MINUTE);
  expect(looks.length).toBe(1 + 3);
  expect(looked()?.last?.failure?.kind).toBe('RegistryUnavailable');
  registry.start();
  registry.failNext(IMAGE, { kind: 'RateLimited' });
  await clock.advance(10 * MINUTE);
  expect([looks.length, looked()?.last?.failure?.kind]).toEqual([5, 'RateLimited']);
  expect([status()?.warm, status()?.summary.stale]).toEqual(['8/8', 0]);
  for (const { runtime } of nodes.values()) expect(runtime.pulls(IMAGE)).toBe(1);
  await until(() => status()?.skew.length === 0 && looked()?.digest === digestOf('new'), 12 * MINUTE);
});

test('a new coordinator turns no cell back: it looks in turn, and nodes want meanwhile what they wanted', async () => {
  const { clock, looks, nodes } = start([IMAGE], { pull: { maxConcurrentNodes: 1 } });
  await until(() => status()?.warm === '8/8' && looks.length === 1, 15 * MINUTE);
  publish(IMAGE, 'new');
  await until(() => (status()?.summary.stale ?? 0) > 0, 15 * MINUTE);
  const before = looks.length;
  simulated.killCoordinator();
  simulated.startCoordinator();
  let most = 8;
  let backwards = 0;
  const holders = () => [...nodes.values()].filter(({ runtime }) => runtime.has(IMAGE)).length;
  await clock.advance(5_000);
  await until(() => {
    const stale = status()?.summary.stale ?? 8;
    if (stale > most) backwards += 1;
    most = Math.min(most, stale);
    return status()?.warm === '8/8';
  }, 5 * MINUTE);
  expect([backwards, holders()]).toEqual([0, 8]);
  expect(looks.length - before).toBeLessThanOrEqual(1);
});

test('a mirror that answers with old contents is said, hardly asked again, and a look comes soon', async () => {
  const { clock, looks, nodes } = start([IMAGE]);
  await until(() => status()?.warm === '8/8' && looks.length === 1, 15 * MINUTE);
  simulated.mirrorBehind(IMAGE, digestOf('new'));
  await clock.advance(20 * MINUTE);
  expect(status()?.failures[0]).toMatchObject({ image: IMAGE, reason: 'Outdated', nodes: 8 });
  expect(status()?.summary.stale).toBe(8);
  const pulls = [...nodes.values()].reduce((sum, { runtime }) => sum + runtime.pulls(IMAGE), 0);
  console.log(`20 minutes behind a mirror: ${pulls - 8} pulls of 8 nodes, ${looks.length} looks`);
  expect(pulls - 8).toBeLessThanOrEqual(8 * 4);
  expect(looks.length).toBeLessThanOrEqual(22);
});

test('a thousand tags are looked up once an interval each, spread over it, also when a coordinator starts', async () => {
  const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
  const { clock, looks } = start([], {}, names);
  const ofNode = (node: string) => Array.from({ length: 100 }, (_, i) => `r.example/${node}/${i}:latest`);
  for (const image of names.flatMap(ofNode)) simulated.registry.publish(image, { sizeBytes: MIB });
  const resources = names.map(name =>
    aResource({
      ref: { kind: 'ClusterPrefetch', name },
      spec: { images: ofNode(name), nodes: { names: [name], placement: 'All' }, refresh: REFRESH },
    }),
  );
  simulated.set(aState({ nodes: names.map(name => aNode({ name })), resources }));
  await clock.advance(5 * MINUTE);
  simulated.killCoordinator();
  simulated.startCoordinator();
  const from = clock.monotonicMs();
  await clock.advance(12 * MINUTE);
  const counted = looks.filter(({ atMs }) => atMs >= from);
  const perTenSeconds = Array.from(
    { length: 72 },
    (_, i) => counted.filter(({ atMs }) => Math.floor((atMs - from) / 10_000) === i).length,
  );
  const histogram = Map.groupBy(perTenSeconds, count => count);
  console.log(
    `${counted.length} looks of 1,000 tags in 12 minutes; in ten seconds:`,
    [...histogram]
      .sort(([a], [b]) => a - b)
      .map(([count, same]) => `${count}: ${same.length}×`)
      .join(', '),
  );
  const perTag = Map.groupBy(counted, ({ image }) => image);
  expect(perTag.size).toBe(1_000);
  expect(Math.max(...[...perTag.values()].map(({ length }) => length))).toBeLessThanOrEqual(2);
  expect(counted.length).toBeLessThanOrEqual(1_250);
  // The mean is 17; turns are not closer than at twice that rate.
  expect(Math.max(...perTenSeconds)).toBeLessThanOrEqual(40);
});
