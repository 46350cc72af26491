import type { Cohort } from '@kube-prefetch/core';
import { silentLog } from '@kube-prefetch/process';
import { CELL_STATES, type CellState, type NodeReport, type Plan } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCell, anAgent, aReport, never } from '../../testing/index.ts';
import { SETTINGS } from '../config.ts';
import { createFleet } from './fleet.ts';
import { longestPollMs } from './silence.ts';

const SILENT_AFTER_MS = 60_000;
const IMAGES = ['a:1', 'b:1'];

function startFleet(silentAfterMs = SILENT_AFTER_MS) {
  const clock = createVirtualClock();
  const seen = { changes: 0, ends: [] as string[], timesMs: [] as number[] };
  const fleet = createFleet({
    clock,
    log: silentLog,
    silentAfterMs,
    changed: () => {
      seen.changes += 1;
    },
    pullEnded: (node, image, end) => void seen.ends.push(`${node} ${image} ${end}`),
    becameWarm: afterMs => void seen.timesMs.push(afterMs),
  });
  fleet.open();
  // As passes make them: one that is what it was is the same object.
  const made = new Map<string, Cohort>();
  const same = (key: string, cohort: Cohort): Cohort => {
    const last = made.get(key);
    if (last?.nodes.join() === cohort.nodes.join()) return last;
    made.set(key, cohort);
    return cohort;
  };
  const assign = (members: Record<string, readonly string[]>, items = IMAGES, gaps: readonly string[] = []) => {
    const cohorts = Object.entries(members).map(([key, nodes]) => same(key, aCohort(key, nodes)));
    const plans = new Map(cohorts.map(({ key }) => [key, aPlan(`${key} ${items.join()}`, items)]));
    fleet.assign(cohorts, plans, gaps, clock.monotonicMs());
    return cohorts;
  };
  const counts = (image = 'a:1') => {
    const sum = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as Record<CellState, number>;
    for (const cohort of fleet.cohorts()) {
      const tally = fleet.tally(cohort, image);
      for (const state of CELL_STATES) sum[state] += tally.counts[state];
    }
    return Object.fromEntries(Object.entries(sum).filter(([, count]) => count > 0));
  };
  const noAgent = () => fleet.cohorts().reduce((sum, cohort) => sum + fleet.tally(cohort, 'a:1').noAgent, 0);
  const silence = async (ms: number) => {
    await clock.advance(ms);
    fleet.markSilent(clock.monotonicMs());
  };
  return { clock, fleet, seen, assign, counts, noAgent, silence };
}

test('what a node reported counts until it is silent, and again as soon as its agent asks for the plan', async () => {
  const { fleet, assign, counts, noAgent, silence, seen } = startFleet();
  assign({ c: ['n1', 'n2'] });
  fleet.report('n1', aReport({ cells: [aCell()] }));
  await silence(SILENT_AFTER_MS - 1);
  expect([counts(), noAgent()]).toEqual([{ Present: 1, Unknown: 1 }, 0]);
  await silence(1);
  expect([counts(), noAgent()]).toEqual([{ Unknown: 2 }, 2]);
  seen.changes = 0;
  await fleet.plan('n1', undefined, 0, never());
  expect([counts(), noAgent(), seen.changes]).toEqual([{ Present: 1, Unknown: 1 }, 1, 1]);
});

test('a node whose agent polls but never reports is Unknown, not without agent', async () => {
  const { fleet, assign, counts, noAgent, silence } = startFleet();
  assign({ c: ['n1'] });
  for (let i = 0; i < 5; i++) {
    await silence(SILENT_AFTER_MS - 1_000);
    await fleet.plan('n1', undefined, 0, never());
  }
  expect([counts(), noAgent()]).toEqual([{ Unknown: 1 }, 0]);
});

test('an agent that polls as long as it may is never silent', async () => {
  const { clock, fleet, assign, noAgent } = startFleet();
  assign({ c: ['n1'] });
  const revision = fleet.node('n1')?.home.plan.revision;
  let polls = 0;
  const stop = new AbortController();
  const polling = (async () => {
    for (; !stop.signal.aborted; polls++) await fleet.plan('n1', revision, 55_000, stop.signal);
  })().catch(() => {});
  for (let i = 0; i < 60; i++) {
    await clock.advance(10_000);
    fleet.markSilent(clock.monotonicMs());
    expect(noAgent()).toBe(0);
  }
  stop.abort();
  await polling;
  expect(polls).toBeGreaterThan(10);
  expect(clock.sleepers()).toBe(0);
});

test('with the shortest silence too an older process takes no node from one that reports in time', async () => {
  const silentAfterMs = Number.parseInt(SETTINGS.silentAfterMs.min, 10) * 1_000;
  const { clock, fleet, assign } = startFleet(silentAfterMs);
  assign({ c: ['n1'] });
  fleet.report('n1', aReport({ agent: anAgent('newer', 9) }));
  // A report after the longest poll, which the network delays as long as it may.
  await clock.advance(longestPollMs(silentAfterMs) + 10_000);
  expect(isTaken(() => fleet.report('n1', aReport({ agent: anAgent('older', 1) })))).toBe(false);
});

test('a process that its wall clock makes look older speaks once its predecessor has not for a silence', async () => {
  const { clock, fleet, assign, counts } = startFleet();
  assign({ c: ['n1'] });
  const [before, after] = [anAgent('before', 9), anAgent('after', 1)];
  fleet.report('n1', aReport({ agent: before, cells: [aCell()] }));
  const restartsMs: number[] = [];
  // Sent away it exits, and is started again at once; its polls keep the node from falling silent.
  for (let accepted = false; !accepted; await clock.advance(5_000)) {
    restartsMs.push(clock.monotonicMs());
    await fleet.plan('n1', undefined, 0, never());
    accepted = isTaken(() => fleet.report('n1', aReport({ agent: after, cells: [aCell({ state: 'Missing' })] })));
  }
  expect(restartsMs.at(-1)).toBe(SILENT_AFTER_MS);
  expect(counts()).toEqual({ Missing: 1 });
  expect(isTaken(() => fleet.report('n1', aReport({ agent: anAgent('third', 0) })))).toBe(false);
});

test('a process that was suspended does not take its own silence for that of the nodes', async () => {
  const { clock, fleet, assign, noAgent, silence } = startFleet();
  assign({ c: ['n1', 'n2'] });
  fleet.nextDueMs(clock.monotonicMs());
  await silence(3_600_000);
  expect(noAgent()).toBe(0);
  await fleet.plan('n1', undefined, 0, never());
  fleet.nextDueMs(clock.monotonicMs());
  await silence(SILENT_AFTER_MS / 4);
  expect(noAgent()).toBe(1);
});

test('after a pause of any length a dead agent is noticed as soon as always', async () => {
  const { clock, fleet, assign, noAgent, silence } = startFleet();
  assign({ c: ['n1', 'n2'] });
  fleet.nextDueMs(clock.monotonicMs());
  clock.suspend(3_600_000);
  // What waited in the sockets is answered before the line looks.
  await fleet.plan('n1', undefined, 0, never());
  for (let passes = 0; passes <= 4; passes++) {
    await silence(passes === 0 ? 0 : SILENT_AFTER_MS / 4);
    fleet.nextDueMs(clock.monotonicMs());
  }
  expect(noAgent()).toBe(2);
});

test('an image that is asked for anew tells how long it took to become warm, and not what the term began with', async () => {
  const { clock, fleet, assign, seen } = startFleet();
  assign({ c: ['n1'] }, ['a:1']);
  assign({ c: ['n1'] });
  const report = (sequence: number, state: CellState) =>
    fleet.report('n1', aReport({ sequence, cells: IMAGES.map(image => aCell({ image, state })) }));
  report(1, 'Missing');
  await clock.advance(70_000);
  report(2, 'Pulling');
  expect([seen.timesMs, fleet.longestNotWarmMs()]).toEqual([[], 70_000]);
  await clock.advance(5_000);
  report(3, 'Present');
  expect([seen.timesMs, fleet.longestNotWarmMs()]).toEqual([[75_000], 0]);
});

test('the size of an image is what nodes agree on, whatever one of them says', () => {
  const { fleet, assign } = startFleet();
  assign({ c: ['n1', 'n2'], d: ['n3'] });
  const sizes = new Map<string, number | undefined>();
  for (const [node, sizeBytes] of [
    ['n1', 1e15],
    ['n2', 100],
    ['n3', 120],
  ] as const) {
    fleet.report(node, aReport({ cells: [aCell({ sizeBytes })] }));
    sizes.set(node, fleet.sizeOf('a:1'));
  }
  expect([...sizes.values()]).toEqual([undefined, 100, 120]);
  fleet.report('n1', aReport({ sequence: 2, cells: [aCell({ state: 'Missing' })] }));
  expect(fleet.sizeOf('a:1')).toBe(100);
});

test('no cell is kept of an image that the plan of the node does not hold, and one that it holds later is asked for', () => {
  const { fleet, assign } = startFleet();
  assign({ c: ['n1'] }, ['a:1']);
  const delta = (sequence: number, image: string) =>
    fleet.report('n1', aReport({ sequence, full: false, cells: [aCell({ image })] }));
  fleet.report('n1', aReport({ cells: [aCell(), aCell({ image: 'b:1' })] }));
  delta(2, 'c:1');
  expect([...(fleet.node('n1')?.heard?.cells.values() ?? [])].map(({ image }) => image)).toEqual(['a:1']);
  assign({ c: ['n1'] }, ['a:1', 'b:1']);
  expect(delta(3, 'a:1')).toBe('FullDemanded');
  fleet.report('n1', aReport({ sequence: 4, cells: [aCell(), aCell({ image: 'b:1' })] }));
  expect(fleet.node('n1')?.heard?.cells.size).toBe(2);
  expect(delta(5, 'a:1')).toBe('Used');
});

test('a report that changes nothing does not wake the line', () => {
  const { fleet, assign, seen } = startFleet();
  assign({ c: ['n1'] });
  fleet.report('n1', aReport({ cells: [aCell()] }));
  seen.changes = 0;
  fleet.report('n1', aReport({ full: false, sequence: 2 }));
  fleet.report('n1', aReport({ full: false, sequence: 2, cells: [aCell({ state: 'Missing' })] }));
  expect(seen.changes).toBe(0);
  fleet.report('n1', aReport({ full: false, sequence: 3, gone: ['a:1'] }));
  expect(seen.changes).toBe(1);
});

test('cells that are Unknown because the runtime does not answer carry its failure', () => {
  const { fleet, assign } = startFleet();
  const [cohort] = assign({ c: ['n1'] });
  const failure = { kind: 'RuntimeUnavailable' as const, message: 'connection refused' };
  fleet.report('n1', aReport({ runtime: { failure }, cells: [aCell({ state: 'Unknown' })] }));
  expect(fleet.tally(cohort as Cohort, 'a:1').failures).toMatchObject([{ failure, nodes: 1, examples: ['n1'] }]);
});

test('a young term is settling until every node has reported or could have fallen silent', async () => {
  const { clock, fleet, assign } = startFleet();
  const settling = () => fleet.settling(clock.monotonicMs());
  assign({ c: ['n1', 'n2'] });
  fleet.report('n1', aReport());
  expect(settling()).toBe(true);
  fleet.report('n2', aReport());
  expect(settling()).toBe(false);
  assign({ c: ['n1', 'n2'] }, IMAGES, ['Deployments cannot be read']);
  expect(settling()).toBe(true);
  assign({ c: ['n1', 'n2', 'n3'] });
  expect(settling()).toBe(true);
  expect(fleet.nextDueMs(0)).toBe(SILENT_AFTER_MS);
  await clock.advance(SILENT_AFTER_MS);
  expect(settling()).toBe(false);
});

test('a new term knows nothing of the one before', () => {
  const { fleet, assign, counts } = startFleet();
  assign({ c: ['n1'] });
  fleet.report('n1', aReport({ cells: [aCell()] }));
  fleet.close();
  expect(() => fleet.report('n1', aReport())).toThrow('stopping');
  fleet.open();
  expect(() => fleet.report('n1', aReport())).toThrow('not read the cluster yet');
  assign({ c: ['n1'] });
  expect(counts()).toEqual({ Unknown: 1 });
  expect(fleet.report('n1', aReport({ full: false, sequence: 2 }))).toBe('FullDemanded');
});

function isTaken(report: () => unknown): boolean {
  try {
    report();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'OlderAgent', message: expect.stringContaining('was replaced by') });
    return false;
  }
}

const NODES = ['n1', 'n2', 'n3', 'n4'];
type World = ReturnType<typeof startFleet>;
type Step = (world: World) => unknown;

const arbitraryStep: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  fc
    .array(fc.tuple(fc.constantFrom(...NODES), fc.constantFrom('k1', 'k2', 'k3')), { maxLength: 6 })
    .map(homes => ['assign', (world: World) => world.assign(membersOf(homes))] as const),
  fc
    .tuple(fc.constantFrom(...NODES), fc.boolean(), fc.constantFrom(...CELL_STATES), fc.subarray(IMAGES))
    .map(
      ([node, full, state, images]) => ['report', (world: World) => report(world, node, full, state, images)] as const,
    ),
  fc.constantFrom(1_000, 40_000, SILENT_AFTER_MS).map(ms => ['silence', (world: World) => world.silence(ms)] as const),
  fc
    .constantFrom(...NODES)
    .map(node => ['poll', (world: World) => world.fleet.plan(node, undefined, 0, never()).catch(() => {})] as const),
);

test('whatever happens, the counts of a cohort are those of its nodes', async () => {
  const reached = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 5, maxLength: 40, size: 'max' }), async steps => {
      const world = startFleet();
      world.assign({ k1: NODES });
      for (const [name, step] of steps) {
        await step(world);
        reached.set(name, (reached.get(name) ?? 0) + 1);
        for (const record of world.fleet.records()) expectRecount(world, record.cohort);
      }
    }),
    { numRuns: 300 },
  );
  expect([...reached.keys()].sort()).toEqual(['assign', 'poll', 'report', 'silence']);
  console.info('fleet, steps by kind:', Object.fromEntries(reached));
});

function expectRecount({ fleet }: World, cohort: Cohort): void {
  const nodes = [...fleet.nodes()].filter(node => node.home.cohort === cohort);
  expect(nodes.map(node => node.name).sort()).toEqual([...cohort.nodes].sort());
  for (const image of IMAGES) {
    const { counts, noAgent } = fleet.tally(cohort, image);
    const recount = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as Record<CellState, number>;
    for (const node of nodes) recount[(!node.silent && node.heard?.cells.get(image)?.state) || 'Unknown'] += 1;
    expect(counts).toEqual(recount);
    expect(noAgent).toBe(nodes.filter(node => node.silent).length);
    const examples = cohort.nodes.filter(name => fleet.node(name)?.silent).slice(0, 3);
    expect(fleet.agentless(cohort)).toEqual({ count: noAgent, examples });
  }
}

/** The next report of the node's process, as the fleet would take it, or one that it must refuse. */
function report(world: World, node: string, full: boolean, state: CellState, images: readonly string[]) {
  const known = world.fleet.node(node);
  if (known === undefined) return;
  const sequence = (known.heard?.sequence ?? 0) + 1;
  const cells = images.map(image => aCell({ image, state }));
  const gone = full ? [] : IMAGES.filter(image => !images.includes(image));
  const message: NodeReport = aReport({ full, sequence, cells, gone });
  world.fleet.report(node, message);
}

/** Each node once, in the cohort named last; some nodes in none: they have left. */
function membersOf(homes: readonly (readonly [string, string])[]): Record<string, readonly string[]> {
  const home = new Map(homes);
  const keys = new Set(home.values());
  return Object.fromEntries([...keys].map(key => [key, NODES.filter(node => home.get(node) === key)]));
}

function aCohort(key: string, nodes: readonly string[]): Cohort {
  return {
    key,
    nodes,
    asks: [],
    held: undefined,
    ready: true,
    applicable: true,
    runtimeVersion: undefined,
    resourcesUnknown: false,
  };
}

function aPlan(revision: string, images: readonly string[]): Plan {
  return { revision, complete: true, items: images.map(image => ({ image, priority: 0, start: true })) };
}
