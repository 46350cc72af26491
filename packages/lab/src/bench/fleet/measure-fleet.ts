import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../machine/index.ts';
import { cpuSeconds, peakMiB, residentMiB } from '../process-figures.ts';
import type { FleetSystem } from './fleet-system.ts';
import { imageOf, type ShapedDeployment } from './fleet-shape.ts';
import { machineMs } from './worker.ts';

const COMPLETE_MS = 180_000;
/** Agents start together, as when a DaemonSet is created: a few of them within less time. */
const START_SPREAD_MS = { perNode: 10, most: 10_000 };
const MOST_SETTLE_MS = 10_000;
const ARRIVE_MS = 60_000;
/** For a measurement of a pass alone: agents do nothing about a new plan for so long. */
const HOLD_MS = 3_000;

export interface FleetFigures {
  readonly nodes: number;
  readonly images: number;
  readonly workloads: number;
  readonly startMs: number;
  /** Of the machine, over the last minute: in steady state, and at the end. More than it has processors: everything took longer. */
  readonly load: readonly number[];
  readonly steady: {
    readonly rssMiB: number;
    readonly cpuPercent: number;
    readonly requestsPerSecond: number;
    readonly handshakesPerSecond: number;
    readonly statusWrites: number;
    readonly apiRequests: Readonly<Record<string, number>>;
    readonly loopP99Ms: number;
    readonly loopMaxMs: number;
  };
  readonly everywhere: Change;
  readonly few: Change;
  /** One pass, with agents that keep still. */
  readonly replanMs: number;
  readonly restart: {
    /** From the signal that ends the old process. */
    readonly completeMs: number;
    /** What had come when, and whose processor time it took, for people. */
    readonly steps: readonly string[];
    readonly cpuSeconds: number;
    readonly peakMiB: number;
    readonly loopP99Ms: number;
    readonly loopMaxMs: number;
  };
  /** A little after the last change. */
  readonly afterChangesMiB: number;
  readonly peakMiB: number;
  readonly statusWrites: number;
}

export interface Change {
  /** Of every agent in every round, sorted. */
  readonly latenciesMs: readonly number[];
  readonly loopP99Ms: number;
}

export interface MeasureOptions {
  readonly steadyMs: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

export async function measureFleet(
  fleet: FleetSystem,
  { steadyMs, rounds, say }: MeasureOptions,
): Promise<FleetFigures> {
  const { shape } = fleet;
  const nodes = shape.nodes.length;
  const startedMs = machineMs();
  await fleet.startAgents(Math.min(nodes * START_SPREAD_MS.perNode, START_SPREAD_MS.most));
  await untilComplete(fleet);
  const startMs = machineMs() - startedMs;
  say(`all ${nodes} agents have reported, ${seconds(startMs)} s after the first one started`);

  await sleep(Math.min(steadyMs, MOST_SETTLE_MS));
  const steady = await measureSteady(fleet, steadyMs);
  const load = [loadavg()[0] ?? 0];
  say(`steady: ${steady.rssMiB.toFixed(0)} MiB, ${steady.cpuPercent.toFixed(1)} % of a core; ${await heapOf(fleet)}`);

  let version = 1;
  const replans: number[] = [];
  for (let round = 0; round < rounds; round += 1) replans.push(await measureReplan(fleet, shape.few, ++version));
  const replanMs = Math.max(...replans);
  say(`replanning after one changed workload: ${replans.map(ms => ms.toFixed(0)).join(', ')} ms`);
  const few = await measureChange(fleet, shape.few, shape.fewNodes, rounds, () => ++version);
  say(`a change for ${shape.fewNodes} nodes: p99 ${percentile(few.latenciesMs, 99).toFixed(0)} ms`);
  const everywhere = await measureChange(fleet, shape.everywhere, nodes, rounds, () => ++version);
  say(`a change for all nodes: p99 ${percentile(everywhere.latenciesMs, 99).toFixed(0)} ms`);
  // Idle connections are ended after 5 s.
  await sleep(Math.min(steadyMs, MOST_SETTLE_MS));
  const afterChangesMiB = residentMiB(fleet.coordinator().pid);
  say(`after that: ${afterChangesMiB.toFixed(0)} MiB; ${await heapOf(fleet)}`);
  const firstPeakMiB = peakMiB(fleet.coordinator().pid);
  const statusWrites = (await fleet.metrics()).sum('status_writes_total', { outcome: 'written' });
  const restart = await measureRestart(fleet);
  say(`restarted; after the old process was told to end: ${restart.steps.join(', ')}`);
  return {
    nodes,
    images: shape.imagesPerNode,
    workloads: shape.deployments.length,
    startMs,
    load: [...load, loadavg()[0] ?? 0],
    steady,
    everywhere,
    few,
    replanMs,
    restart,
    afterChangesMiB,
    peakMiB: Math.max(firstPeakMiB, restart.peakMiB),
    statusWrites,
  };
}

/** Every agent has reported, and every cell is Present. `reporting` is called with the share of agents that have, at each look. */
async function untilComplete(fleet: FleetSystem, reporting: (share: number) => void = () => {}): Promise<void> {
  const { shape } = fleet;
  const nodes = shape.nodes.length;
  await waitUntil(
    async () => {
      const metrics = await fleet.metrics();
      await sleep(300); // the listener computes its metrics at most once a second
      const heard = metrics.sum('nodes', { agent: 'reporting' });
      reporting(heard / nodes);
      return heard === nodes && metrics.sum('cells', { state: 'Present' }) === nodes * shape.imagesPerNode;
    },
    'every image to be present on every node',
    COMPLETE_MS,
  );
}

async function measureSteady(fleet: FleetSystem, forMs: number): Promise<FleetFigures['steady']> {
  const { pid } = fleet.coordinator();
  const look = async () => ({
    atMs: machineMs(),
    cpu: cpuSeconds(pid),
    metrics: await fleet.metrics(),
    handshakes: (await traffic(fleet)).handshakes,
    api: await fleet.standIn.ask<Record<string, number>>({ do: 'counts' }),
  });
  await fleet.coordinator().ask({ do: 'delays' });
  const before = await look();
  await sleep(forMs);
  const after = await look();
  const passedSeconds = (after.atMs - before.atMs) / 1_000;
  const requests = after.metrics.sum('http_requests_total') - before.metrics.sum('http_requests_total');
  const writes = after.metrics.sum('status_writes_total') - before.metrics.sum('status_writes_total');
  const delays = await loopDelays(fleet);
  return {
    rssMiB: residentMiB(pid),
    cpuPercent: ((after.cpu - before.cpu) / passedSeconds) * 100,
    requestsPerSecond: requests / passedSeconds,
    handshakesPerSecond: (after.handshakes - before.handshakes) / passedSeconds,
    statusWrites: writes,
    apiRequests: Object.fromEntries(
      Object.entries(after.api)
        .map(([name, count]) => [name, count - (before.api[name] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    ),
    ...delays,
  };
}

/** What of the memory JavaScript has, for whoever looks for the rest. */
async function heapOf(fleet: FleetSystem): Promise<string> {
  const memory = await fleet.coordinator().ask<NodeJS.MemoryUsage>({ do: 'memory' });
  const parts = ['heapUsed', 'heapTotal', 'external', 'arrayBuffers'] as const;
  return parts.map(part => `${part} ${(memory[part] / 2 ** 20).toFixed(0)}`).join(', ');
}

async function loopDelays(fleet: FleetSystem): Promise<{ loopP99Ms: number; loopMaxMs: number }> {
  const { p99Ms, maxMs } = await fleet.coordinator().ask<{ p99Ms: number; maxMs: number }>({ do: 'delays' });
  return { loopP99Ms: p99Ms, loopMaxMs: maxMs };
}

/** Until every agent of the Deployment's nodes has received a plan with its new image. */
async function measureChange(
  fleet: FleetSystem,
  { name }: ShapedDeployment,
  nodes: number,
  rounds: number,
  nextVersion: () => number,
): Promise<Change> {
  const latenciesMs: number[] = [];
  await fleet.coordinator().ask({ do: 'delays' });
  for (let round = 0; round < rounds; round += 1) {
    latenciesMs.push(...(await changeAndWait(fleet, name, nodes, nextVersion(), 0)));
    await untilComplete(fleet);
    await sleep(1_000);
  }
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), loopP99Ms: (await loopDelays(fleet)).loopP99Ms };
}

async function changeAndWait(
  fleet: FleetSystem,
  name: string,
  nodes: number,
  version: number,
  holdMs: number,
): Promise<readonly number[]> {
  const image = imageOf(name, version);
  await Promise.all(fleet.agents.map(worker => worker.ask({ do: 'expect', image, holdMs })));
  const changedMs = await fleet.standIn.ask<number>({ do: 'change', name, image });
  const arrived = await waitUntil(
    async () => {
      const found = await Promise.all(fleet.agents.map(worker => worker.ask<number[]>({ do: 'arrivals' })));
      return found.flat().length >= nodes && found.flat();
    },
    `${nodes} agents to receive ${image}`,
    ARRIVE_MS,
  );
  return arrived.map(ms => ms - changedMs);
}

/** The passes that a changed workload causes, by the coordinator's own measure, while agents keep still. */
async function measureReplan(fleet: FleetSystem, { name }: ShapedDeployment, version: number): Promise<number> {
  const pass = 'planning_duration_seconds';
  await sleep(1_100); // metrics are computed at most once a second
  const before = await fleet.metrics();
  await changeAndWait(fleet, name, fleet.shape.fewNodes, version, HOLD_MS);
  await sleep(1_100);
  const after = await fleet.metrics();
  await untilComplete(fleet);
  const passes = after.sum(`${pass}_count`) - before.sum(`${pass}_count`);
  return ((after.sum(`${pass}_sum`) - before.sum(`${pass}_sum`)) / passes) * 1_000;
}

async function measureRestart(fleet: FleetSystem): Promise<FleetFigures['restart']> {
  const agentsCpu = () => fleet.agents.reduce((sum, agent) => sum + cpuSeconds(agent.pid), 0);
  const [startedMs, agentsBefore, before] = [machineMs(), agentsCpu(), await traffic(fleet)];
  const steps: string[] = [];
  const step = (what: string) => steps.push(`${what} ${seconds(machineMs() - startedMs)} s`);
  await fleet.restart();
  step('a new one started');
  const { pid } = fleet.coordinator();
  const shares = [0, 0.5, 0.9, 0.99, 1];
  await untilComplete(fleet, share => {
    while (shares[0] !== undefined && share >= shares[0]) step(`${(shares.shift() as number) * 100} % of agents heard`);
  });
  await waitUntil(
    async () => {
      const { resources } = await fleet.overview();
      return resources.length > 0 && resources.every(({ status }) => status.summary.unknown === 0);
    },
    'statuses that know every image',
    COMPLETE_MS,
  );
  step('complete');
  const completeMs = machineMs() - startedMs;
  const { handshakes } = await traffic(fleet);
  steps.push(
    `${handshakes - before.handshakes} handshakes`,
    `agents' CPU ${(agentsCpu() - agentsBefore).toFixed(1)} s`,
  );
  return { completeMs, steps, cpuSeconds: cpuSeconds(pid), peakMiB: peakMiB(pid), ...(await loopDelays(fleet)) };
}

async function traffic(fleet: FleetSystem): Promise<{ readonly handshakes: number; readonly resumed: number }> {
  const each = await Promise.all(
    fleet.agents.map(worker => worker.ask<{ handshakes: number; resumed: number }>({ do: 'traffic' })),
  );
  const sum = (name: 'handshakes' | 'resumed') => each.reduce((total, one) => total + one[name], 0);
  return { handshakes: sum('handshakes'), resumed: sum('resumed') };
}

/** Of sorted values. */
export function percentile(values: readonly number[], percent: number): number {
  return values[Math.min(values.length - 1, Math.ceil((values.length * percent) / 100) - 1)] ?? Number.NaN;
}

export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
