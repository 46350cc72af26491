import { FAILURE_KINDS } from '@kube-prefetch/protocol';
import { type TwinRuntime, createTwinRuntime } from '@kube-prefetch/runtime/twin';
import { type VirtualClock, createVirtualClock } from '@kube-prefetch/time/testing';
import fc from 'fast-check';
import { createAgentBench, type StartedAgent } from './agent-bench.ts';
import { planOf, type ScriptedApi } from './scripted-api.ts';
import { type WatchedRuntime, watchRuntime } from './watched-runtime.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const IMAGES = ['r.example/a:1', 'r.example/b:1', 'r.example/c:1', 'r.example/d:1', 'r.example/e:1'] as const;
/** Of the last one nobody knows it before its manifest is read. */
const KNOWN_SIZES = IMAGES.slice(0, -1);
const PARALLEL_PULLS = 2;
/** The agent itself calls an image Evicted, and no pull. */
const PULL_FAILURES = FAILURE_KINDS.filter(kind => kind !== 'Evicted');

interface World {
  readonly clock: VirtualClock;
  readonly runtime: TwinRuntime;
  readonly watched: WatchedRuntime;
  readonly api: ScriptedApi;
  readonly restart: (between: () => void) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function startWorld(seed: number): Promise<World> {
  const clock = createVirtualClock();
  const runtime = createTwinRuntime({ clock, capacityBytes: 1_000 * MIB });
  for (const image of IMAGES) runtime.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
  const watched = watchRuntime(runtime, clock);
  const bench = createAgentBench({ clock, runtime: watched as unknown as TwinRuntime, seed });
  bench.api.publish(planOf(...IMAGES));
  for (const image of KNOWN_SIZES) bench.api.setSize(image, 20 * MIB);
  let agent: StartedAgent = bench.start({ parallelPulls: PARALLEL_PULLS });
  await clock.advance(1);
  return {
    clock,
    runtime,
    watched,
    api: bench.api,
    async restart(between) {
      await agent.stop();
      between();
      agent = bench.start({ parallelPulls: PARALLEL_PULLS });
      await clock.advance(1);
    },
    stop: () => agent.stop(),
  };
}

/** Slow pulls take no slot, and one that a pause held up looks slow. */
const [TRICKLE, PAUSE] = ['an image trickles', 'the machine is paused'];
const trickle = ({ runtime }: World, image: string) =>
  runtime.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: 20_000 });

const anImage = fc.constantFrom(...IMAGES);
const aTime = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 5_000, max: HOUR_MS / 10 }));

/** What may happen to a node, as a name and what it does. */
const anEvent = fc.oneof(
  { weight: 6, arbitrary: aTime.map(ms => ['time passes', (w: World) => w.clock.advance(ms)] as const) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(anImage, fc.constantFrom(...PULL_FAILURES), fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.boolean())
      .map(([image, kind, times, late, leavesPresent]) => {
        const failure = { kind, leavesPresent, ...(late && { afterBytes: 5 * MIB }) };
        return ['pulls fail', (w: World) => w.runtime.registry.failNext(image, failure, times)] as const;
      }),
  },
  {
    weight: 3,
    arbitrary: anImage.map(image => ['an image is deleted', (w: World) => w.runtime.remove(image)] as const),
  },
  { weight: 1, arbitrary: anImage.map(image => ['somebody pulls', (w: World) => w.runtime.add(image, MIB)] as const) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        images: fc.subarray([...IMAGES]),
        held: fc.boolean(),
        complete: fc.boolean(),
        start: fc.boolean(),
        priority: fc.integer({ min: 0, max: 2 }),
      })
      .map(({ images, held, complete, start, priority }) => {
        const items = images.map((image, i) => ({ image, priority: i === 0 ? priority : 0, start }));
        const plan = { items, complete, ...(held && { held: 'cordoned' }) };
        return ['the plan changes', (w: World) => void w.api.publish(plan)] as const;
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('Unreachable' as const, 'NotReady' as const, 'Overloaded' as const, 'UnknownNode' as const)
      .map(code => ['the coordinator refuses', (w: World) => w.api.refuse(code)] as const),
  },
  {
    weight: 2,
    arbitrary: fc.constant([
      'the coordinator restarts',
      (w: World) => {
        w.api.answer();
        w.api.restart();
      },
    ] as const),
  },
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map(n => ['permits are few', (w: World) => w.api.setLimit(n)] as const) },
  { weight: 1, arbitrary: fc.constant(['the runtime stops', (w: World) => w.runtime.stop()] as const) },
  { weight: 1, arbitrary: fc.constant(['the runtime hangs', (w: World) => w.runtime.hang()] as const) },
  { weight: 2, arbitrary: fc.constant(['the runtime starts', (w: World) => w.runtime.start()] as const) },
  { weight: 1, arbitrary: fc.constant(['the disk fills', (w: World) => w.runtime.setUsed(790 * MIB)] as const) },
  { weight: 1, arbitrary: fc.constant(['others fill the disk', (w: World) => w.runtime.setUsed(850 * MIB)] as const) },
  { weight: 2, arbitrary: anImage.map(image => [TRICKLE, (w: World) => trickle(w, image)] as const) },
  { weight: 1, arbitrary: fc.constant(['the disk empties', (w: World) => w.runtime.setUsed(0)] as const) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: -1e9, max: 1e9 })
      .map(ms => ['the wall clock jumps', (w: World) => w.clock.jumpWall(ms)] as const),
  },
  {
    weight: 1,
    arbitrary: aTime.map(ms => [PAUSE, (w: World) => w.clock.suspend(ms)] as const),
  },
  {
    weight: 2,
    arbitrary: fc
      .option(anImage)
      .map(image => ['the agent restarts', (w: World) => w.restart(() => image && w.runtime.remove(image))] as const),
  },
);

export interface SimulationOptions {
  readonly numRuns: number;
  /** How often each kind of event happened is added here. */
  readonly hits: Map<string, number>;
}

/**
 * Throws the shortest sequence of events after which a rule is broken: no image is pulled twice at once, no more run than
 * may, none is pulled in a loop, all are present and reported once everything works again, and a stopped agent leaves
 * neither pulls nor timers.
 */
export async function simulateNode({ numRuns, hits }: SimulationOptions): Promise<void> {
  const events = fc.array(anEvent, { minLength: 3, maxLength: 30, size: 'max' });
  await fc.assert(
    fc.asyncProperty(events, fc.integer(), async (events, seed) => {
      const world = await startWorld(seed);
      for (const [name, happen] of events) {
        hits.set(name, (hits.get(name) ?? 0) + 1);
        await happen(world);
        await world.clock.advance(1);
      }
      await calm(world);
      const maySlow = events.some(([name]) => name === TRICKLE || name === PAUSE);
      const problems = findProblems(world, events.length, maySlow ? 2 * PARALLEL_PULLS : PARALLEL_PULLS);
      await world.stop();
      const left = world.clock.sleepers() + world.runtime.running().length;
      if (left > 0) problems.push(`${left} timers and pulls are left after the stop`);
      if (problems.length > 0) throw new Error(problems.join('; '));
    }),
    { numRuns },
  );
}

function findProblems({ api, watched }: World, events: number, mayRun: number): string[] {
  const problems = [...watched.breaches];
  if (watched.mostAtOnce() > mayRun) problems.push(`${watched.mostAtOnce()} pulls ran at once`);
  for (const image of IMAGES) {
    const cell = api.cells().get(image);
    if (cell?.state !== 'Present') problems.push(`${image} is ${cell?.state} ${cell?.failure?.kind ?? ''} in the end`);
    const most = watched.mostWithin(HOUR_MS, image);
    if (most > 50 + 10 * events) problems.push(`${image} was pulled ${most} times within an hour`);
  }
  return problems;
}

/** Everything works again, for longer than the longest delay. */
async function calm({ api, runtime, clock }: World): Promise<void> {
  api.answer();
  api.setLimit(Number.POSITIVE_INFINITY);
  runtime.start();
  runtime.setUsed(0);
  for (const image of IMAGES) {
    runtime.registry.publish(image, { sizeBytes: 20 * MIB, bytesPerSecond: 10 * MIB });
  }
  api.publish(planOf(...IMAGES));
  await clock.advance(7 * HOUR_MS);
}
