import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { afterEach, expect, test } from 'vitest';
import { type SimulatedCluster, type SimulatedNode, simulateCluster } from './simulate-cluster.ts';

const MIB = 1024 * 1024;
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];

let simulated: SimulatedCluster;
afterEach(() => simulated.stop());

function start(images: readonly string[]): SimulatedCluster {
  simulated = simulateCluster({ nodes: NODES, limits: { parallelPulls: 2 } });
  for (const image of images) simulated.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
  return simulated;
}

const inZones = () =>
  NODES.map((name, i) => aNode({ name, labels: { 'topology.kubernetes.io/zone': i < 4 ? 'a' : 'b' } }));
const resources = (specs: Readonly<Record<string, Partial<PrefetchSpec>>>) =>
  Object.entries(specs).map(([name, spec]) => aResource({ ref: { kind: 'ClusterPrefetch', name }, spec }));
const show = (specs: Readonly<Record<string, Partial<PrefetchSpec>>>) =>
  simulated.set(aState({ nodes: NODES.map(name => aNode({ name })), resources: resources(specs) }));
const warm = (name: string) => simulated.statuses.statuses.get(`ClusterPrefetch ${name}`)?.warm;
/** Nodes that pull an image of the repository. */
const pullers = (repository: string) =>
  [...simulated.nodes].filter(([, { runtime }]) => runtime.running().some(image => image.startsWith(repository)));

test('two resources that want one image both keep their limits, also across a restart, and views say who waits for what', async () => {
  const { clock, killCoordinator, startCoordinator } = start(['r.example/both', 'r.example/wide']);
  show({
    narrow: { images: ['r.example/both'], pull: { maxConcurrentNodes: 1 } },
    wide: { images: ['r.example/both', 'r.example/wide'], pull: { maxConcurrentNodes: '50%' } },
  });
  const most = { both: 0, wide: 0, any: 0 };
  const sentences = new Set<string>();
  for (let step = 0; step < 1_800; step += 1) {
    if (step === 350) killCoordinator();
    if (step === 380) startCoordinator();
    await clock.advance(100);
    most.both = Math.max(most.both, pullers('r.example/both').length);
    most.wide = Math.max(most.wide, pullers('r.example/wide').length);
    most.any = Math.max(most.any, pullers('r.example/').length);
    if (step % 10 !== 0 || (step >= 350 && step < 400)) continue;
    for (const { because } of simulated.coordinator().image('r.example/both').nodes)
      for (const sentence of because) if (sentence.startsWith('waits')) sentences.add(sentence);
  }
  expect([warm('narrow'), warm('wide')]).toEqual(['8/8', '16/16']);
  expect(most).toEqual({ both: 1, wide: 4, any: 4 });
  expect([...sentences]).toContain(
    'waits for a permit: ClusterPrefetch narrow lets 1 node pull at once; this pull comes next',
  );
  expect(sentences.size).toBeGreaterThan(3);
});

test('a registry that refuses is slowed for all nodes and images, then raised again, and others go on', async () => {
  const slow = Array.from({ length: 16 }, (_, i) => `slow.example/${i}`);
  const { clock, registry } = start([...slow, 'good.example/app']);
  for (const image of slow.slice(0, 2)) registry.failNext(image, { kind: 'RateLimited' }, 4);
  await clock.advance(31_000);
  show({ all: { images: [...slow, 'good.example/app'] } });
  const atOnce: number[] = [];
  for (let step = 0; step < 3_000 && warm('all') !== '136/136'; step += 1) {
    await clock.advance(100);
    const running = [...simulated.nodes.values()].flatMap(({ runtime }: SimulatedNode) => runtime.running());
    atOnce.push(running.filter(image => image.startsWith('slow.example/')).length);
  }
  expect(warm('all')).toBe('136/136');
  // Nodes that were not refused first pull what they have permits for.
  const afterwards = Math.max(...atOnce.slice(50, 280));
  console.log(
    `of 16 pulls at once at most ${afterwards} in the half minute after it refused; warm after ${atOnce.length / 10} s`,
  );
  expect(afterwards).toBeLessThanOrEqual(8);
  expect(afterwards).toBeGreaterThan(0);
});

/** By second, how many nodes pull the image and how many hold it. */
async function watchSpread(image: string, seconds: number): Promise<string[]> {
  const seen: string[] = [];
  for (let step = 0; step < seconds * 10; step += 1) {
    await simulated.clock.advance(100);
    const holders = [...simulated.nodes.values()].filter(({ runtime }) => runtime.has(image)).length;
    const now = `${pullers(image).length} pull, ${holders} hold`;
    if (seen.at(-1) !== now) seen.push(now);
  }
  return seen;
}

test('an image that is spread in waves is pulled by one node first, then by two for each that holds it', async () => {
  const { clock } = start(['r.example/app']);
  await clock.advance(31_000);
  show({ app: { images: ['r.example/app'], pull: { spread: { seeds: 1, fanout: 2 } } } });
  const seen = await watchSpread('r.example/app', 40);
  console.log('waves:', seen.join('; '));
  expect(seen).toContain('0 pull, 1 hold');
  expect(seen).toContain('2 pull, 1 hold');
  for (const line of seen) {
    const [pulling = 0, holding = 0] = [...line.matchAll(/\d+/g)].map(Number);
    expect(pulling).toBeLessThanOrEqual(Math.max(1, 2 * holding));
  }
  expect(warm('app')).toBe('8/8');
});

test('a canary proves that the image can be pulled, then all nodes pull it', async () => {
  const { clock } = start(['r.example/app']);
  await clock.advance(31_000);
  show({ app: { images: ['r.example/app'], pull: { spread: { seeds: 1, fanout: 'all' } } } });
  const seen = await watchSpread('r.example/app', 20);
  expect(seen).toContain('7 pull, 1 hold');
  expect(seen.filter(line => line.endsWith(' 0 hold')).every(line => Number(line[0]) <= 1)).toBe(true);
});

test('a seed that fails or stands still is replaced by a node of another zone', async () => {
  const { clock, registry, nodes } = start(['r.example/failing', 'r.example/standing']);
  await clock.advance(31_000);
  registry.failNext('r.example/failing', { kind: 'Unknown' }, 1);
  registry.publish('r.example/standing', { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB, stallAfterBytes: MIB });
  const spread = { seeds: 1, fanout: 2 };
  const images = ['r.example/failing', 'r.example/standing'];
  simulated.set(aState({ nodes: inZones(), resources: resources({ app: { images, pull: { spread } } }) }));
  const seeds = new Map<string, string[]>(images.map(image => [image, []]));
  for (let step = 0; step < 1_000; step += 1) {
    await clock.advance(100);
    // The mirror that held up the first node is well again.
    if (step === 100) registry.publish('r.example/standing', { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
    for (const [image, names] of seeds)
      for (const [name] of pullers(image)) if (!names.includes(name)) names.push(name);
  }
  const zoneOf = (name: string | undefined) => (NODES.indexOf(name ?? '') < 4 ? 'a' : 'b');
  for (const [image, names] of seeds) {
    console.log(`${image} was pulled by ${names.join(', ')}`);
    expect([names[0], zoneOf(names[0]) === zoneOf(names[1])]).toEqual([names[0], false]);
  }
  expect([...nodes.values()].every(({ runtime }) => runtime.has('r.example/failing'))).toBe(true);
});
