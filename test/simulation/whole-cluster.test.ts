import type { ClusterState } from '@kube-prefetch/core';
import { aNode, aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type SimulatedCluster,
  type SimulatedNode,
  type SimulationOptions,
  simulateCluster,
} from './simulate-cluster.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const [A, B, C] = ['r.example/a:1', 'r.example/b:1', 'r.example/c:1'] as const;

let simulated: SimulatedCluster;
afterEach(async () => {
  await simulated.stop();
  const left = simulated.clock.sleepers();
  if (left > 0) throw new Error(`${left} timers outlive the simulation`);
});

/** Nodes n1 to n3, and three images each of which takes two seconds to pull. */
function start(options: Partial<SimulationOptions> = {}): SimulatedCluster {
  simulated = simulateCluster({ nodes: ['n1', 'n2', 'n3'], ...options });
  for (const image of [A, B, C]) simulated.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
  return simulated;
}

function cluster(images: readonly string[], parts: Partial<ClusterState> = {}): ClusterState {
  const nodes = [...simulated.nodes.keys()].map(name => aNode({ name }));
  return aState({ nodes, resources: [aResource({ spec: { images: [...images] } })], ...parts });
}

const node = (name: string) => simulated.nodes.get(name) as SimulatedNode;
const status = () => simulated.statuses.statuses.get('Prefetch shop/web') as PrefetchStatus;
const warm = () => status().conditions.find(condition => condition.type === 'Warm');
const agents = () =>
  simulated
    .coordinator()
    .overview()
    .nodes.map(({ agent }) => agent);
const pullsOfAll = () => [...simulated.nodes.values()].map(({ runtime }) => runtime.pulls());

test('what a resource names and what its workloads use becomes warm on every node, and status says so', async () => {
  const { clock, set } = start();
  const workloads = [aWorkload({ pod: { containers: [{ image: B }], initContainers: [{ image: C }] } })];
  const spec = { images: [A], workloads: [{ kinds: ['Deployment' as const], selector: {} }] };
  set(cluster([], { workloads, resources: [aResource({ spec })] }));
  await clock.advance(1_000);
  expect(warm()?.status).toBe('False');
  await clock.advance(20_000);
  expect([status().warm, warm()?.status]).toEqual(['9/9', 'True']);
  expect(pullsOfAll()).toEqual([3, 3, 3]);
});

test('in an hour of steady state the registry is not asked and no status is written', async () => {
  const { clock, set, registry } = start();
  set(cluster([A, B]));
  await clock.advance(30_000);
  const [requests, statusNow] = [registry.requests(), JSON.stringify(status())];
  await clock.advance(HOUR_MS);
  expect([registry.requests(), JSON.stringify(status())]).toEqual([requests, statusNow]);
});

test('an image that fails is named with its reason and its nodes, and delays no other', async () => {
  const { clock, set, registry } = start();
  registry.withdraw(A);
  set(cluster([A, B, C]));
  await clock.advance(15_000);
  expect(status()).toMatchObject({
    warm: '6/9',
    failures: [{ image: A, reason: 'NotFound', nodes: 3, examples: ['n1', 'n2', 'n3'] }],
  });
});

test('an image deleted behind the agent comes back within its pull', async () => {
  const { clock, set } = start();
  set(cluster([A]));
  await clock.advance(30_000);
  node('n2').runtime.remove(A);
  await clock.advance(2_500);
  expect(node('n2').runtime.running()).toEqual([]);
  await clock.advance(1_000); // until the next report
  expect(simulated.coordinator().node('n2').images[0]?.cell?.state).toBe('Present');
  expect(pullsOfAll()).toEqual([1, 2, 1]);
});

describe('a coordinator that is killed in mid-pull', () => {
  test('and replaced: no pull starts over, and the new one knows everything from full reports', async () => {
    const { clock, set, killCoordinator, startCoordinator } = start();
    for (const image of [A, B, C]) simulated.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: MIB });
    set(cluster([A, B, C]));
    await clock.advance(10_000);
    killCoordinator();
    await clock.advance(5_000);
    startCoordinator();
    await clock.advance(15_000);
    expect(agents()).toEqual(Array(3).fill('Reporting'));
    await clock.advance(60_000);
    expect([status().warm, pullsOfAll()]).toEqual(['9/9', [3, 3, 3]]);
    expect([...simulated.nodes.values()].flatMap(({ watched }) => watched.breaches)).toEqual([]);
  });

  test('and stays away: nodes finish their plan one image at a time', async () => {
    const { clock, set, killCoordinator } = start();
    set(cluster([]));
    await clock.advance(30_000); // until every agent waits for its plan to change
    set(cluster([A, B, C]));
    await clock.advance(500);
    killCoordinator();
    await clock.advance(60_000);
    expect(pullsOfAll()).toEqual([3, 3, 3]);
    for (const { runtime } of simulated.nodes.values()) {
      const seen = await runtime.look([A, B, C], new AbortController().signal);
      expect([...seen.values()].every(({ present }) => present)).toBe(true);
    }
  });
});

test('an agent that restarts while no coordinator answers goes on from its last plan and reports afterwards', async () => {
  const { clock, set, killCoordinator, startCoordinator } = start();
  set(cluster([A, B]));
  await clock.advance(30_000);
  killCoordinator();
  await node('n1').stopAgent();
  node('n1').runtime.remove(A);
  node('n1').startAgent();
  await clock.advance(90_000);
  expect(node('n1').runtime.pulls(A)).toBe(2);
  startCoordinator();
  await clock.advance(30_000);
  expect([status().warm, warm()?.status]).toEqual(['6/6', 'True']);
});

test.each([1, 2, 4])(
  'at most %i pulls run at once in the cluster where so many may, also across a restart',
  async most => {
    const { clock, set, killCoordinator, startCoordinator } = start({ limits: { maxConcurrentPulls: most } });
    set(cluster([A, B, C]));
    let atOnce = 0;
    for (let step = 0; step < 1_200; step++) {
      if (step === 30) killCoordinator();
      if (step === 60) startCoordinator();
      await clock.advance(100);
      const running = [...simulated.nodes.values()].flatMap(({ runtime }) => runtime.running());
      atOnce = Math.max(atOnce, running.length);
    }
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThanOrEqual(most);
    expect([status().warm, pullsOfAll()]).toEqual(['9/9', [3, 3, 3]]);
  },
);

test('a state read with gaps takes no image from a node, and one read in full does', async () => {
  const { clock, set } = start();
  set(cluster([A, B]));
  await clock.advance(30_000);
  set(cluster([], { gaps: ['workloads/web.yaml could not be read'] }));
  await clock.advance(1_000);
  node('n1').runtime.remove(A);
  await clock.advance(5_000);
  expect(node('n1').runtime.pulls(A)).toBe(2);
  set(cluster([B]));
  await clock.advance(1_000);
  node('n1').runtime.remove(A);
  await clock.advance(30_000);
  expect(node('n1').runtime.pulls(A)).toBe(2);
});

test('a node that the cluster no longer has keeps what it holds, and says nothing wrong when it is back', async () => {
  const { clock, set } = start();
  set(cluster([A]));
  await clock.advance(30_000);
  set(cluster([A], { nodes: [aNode({ name: 'n2' })] }));
  await clock.advance(60_000);
  node('n1').runtime.remove(A);
  await clock.advance(120_000);
  expect(node('n1').runtime.pulls(A)).toBe(2);
  set(cluster([A]));
  await clock.advance(30_000);
  expect(status().warm).toBe('3/3');
});

test('a node whose agent stops counts as one without an agent, and again as warm once it is back', async () => {
  const { clock, set } = start();
  set(cluster([A]));
  await clock.advance(30_000);
  await node('n3').stopAgent();
  await clock.advance(120_000);
  expect(status().summary).toMatchObject({ present: 2, noAgent: 1 });
  node('n3').startAgent();
  await clock.advance(30_000);
  expect([status().warm, pullsOfAll()]).toEqual(['3/3', [1, 1, 1]]);
});

test.each([-24 * HOUR_MS, 24 * HOUR_MS])('wall clocks that jump by %i ms pull nothing and silence nobody', async ms => {
  const { clock, set, registry } = start();
  set(cluster([A, B]));
  await clock.advance(30_000);
  const requests = registry.requests();
  clock.jumpWall(ms);
  await clock.advance(200_000);
  expect(registry.requests()).toBe(requests);
  expect(agents()).toEqual(Array(3).fill('Reporting'));
  expect(warm()?.status).toBe('True');
});

test.each([
  ['in mid-pull', 1_000],
  ['in steady state', 30_000],
])('a machine that is paused for a day %s goes on where it was, and silences nobody', async (_when, ms) => {
  const { clock, set, registry } = start();
  set(cluster([A, B, C]));
  await clock.advance(ms);
  clock.suspend(24 * HOUR_MS);
  await clock.advance(0);
  expect(status().summary.noAgent).toBe(0);
  await clock.advance(30_000);
  expect([status().warm, pullsOfAll()]).toEqual(['9/9', [3, 3, 3]]);
  expect([...simulated.nodes.values()].flatMap(({ watched }) => watched.breaches)).toEqual([]);
  const requests = registry.requests();
  await clock.advance(HOUR_MS);
  expect(registry.requests()).toBe(requests);
});

test('a registry that is away for an hour is not stormed, and everything is warm soon after it is back', async () => {
  const { clock, set, registry } = start();
  registry.stop();
  set(cluster([A, B, C]));
  await clock.advance(HOUR_MS);
  for (const { watched } of simulated.nodes.values()) {
    for (const image of [A, B, C]) expect(watched.mostWithin(HOUR_MS, image)).toBeLessThanOrEqual(60);
  }
  registry.start();
  await clock.advance(HOUR_MS / 6);
  expect([status().warm, warm()?.status]).toEqual(['9/9', 'True']);
});
