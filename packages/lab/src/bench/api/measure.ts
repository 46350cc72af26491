import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median } from '../print-figures.ts';
import { peakWhile, residentMiB } from '../process-figures.ts';
import type { ApiCluster } from './api-cluster.ts';
import type { Sizes } from './objects.ts';
import { type Costs, startWatchedCoordinator, type WatchedCoordinator } from './watched-coordinator.ts';

const SETTLE_MS = 30_000;
/** By then every node without an agent has become silent, and every status has said so once. */
const ALL_SAID_MS = 75_000;
const WRITES = ['create', 'update', 'patch'];
const CHANGES = 100;
const CHANGE_EVERY_MS = 600;
const MINUTE_MS = 60_000;
/** What a client gets that reads pods whole, as informers do unless told otherwise. */
const WHOLE_PODS = '/api/v1/pods?resourceVersion=0';

/** The same from nothing, `rounds` times; the last one goes on. */
export async function measureSync(cluster: ApiCluster, sizes: Sizes, rounds: number, dir: string) {
  const results: { ms: number; peakMiB: number; laterMiB: number; costs: Costs }[] = [];
  let coordinator: WatchedCoordinator | undefined;
  for (let round = 0; round < rounds; round += 1) {
    await coordinator?.stop();
    coordinator = await startWatchedCoordinator(cluster.server, dir);
    const planned = peakWhile(coordinator.child.pid, coordinator.untilPlanned(sizes.nodes));
    const { result: ms, peakMiB } = await planned;
    const costs = await coordinator.costs();
    const { peakMiB: settlingMiB } = await peakWhile(coordinator.child.pid, sleep(SETTLE_MS));
    results.push({
      ms,
      peakMiB: Math.max(peakMiB, settlingMiB),
      laterMiB: residentMiB(coordinator.child.pid),
      costs,
    });
    const lists = [...coordinator.lists()].filter(([, took]) => took >= 100);
    console.log(
      `round ${round + 1}: ${seconds(ms)}; lists: ${lists.map(([kind, took]) => `${kind} ${took} ms`).join(', ')}`,
    );
  }
  if (coordinator === undefined) throw new Error('expected at least one round');
  const of = (value: (result: (typeof results)[number]) => number) => median(results.map(value));
  const whole = sizes.pods > 0 ? await cluster.bytesOf(WHOLE_PODS) : undefined;
  const requests = results.at(-1)?.costs.requests ?? new Map<string, number>();
  const figures: Figure[] = [
    { name: 'start to the first plans for all nodes', value: seconds(of(({ ms }) => ms)) },
    { name: '  CPU of the coordinator', value: `${of(({ costs }) => costs.cpuSeconds).toFixed(1)} s` },
    { name: '  from the API server', value: megabytes(of(({ costs }) => costs.bytesToClient)) },
    { name: '  requests', value: describe(requests) },
    {
      name: 'memory at most, then 30 s later',
      value: `${mib(of(({ peakMiB }) => peakMiB))}, ${mib(of(({ laterMiB }) => laterMiB))}`,
    },
    ...(whole === undefined
      ? []
      : [{ name: 'for comparison: one list of all pods as they are', value: megabytes(whole) }]),
  ];
  return { coordinator, figures };
}

export async function measureSteady(
  cluster: ApiCluster,
  coordinator: WatchedCoordinator,
  minutes: number,
): Promise<readonly Figure[]> {
  await sleep(ALL_SAID_MS);
  const during = (name: string, work: () => Promise<unknown>) => measureDuring(coordinator, name, work);
  const silent = await during('a minute in which nothing happens', () => sleep(minutes * MINUTE_MS));
  const stop = new AbortController();
  const beating = cluster.beatHearts(stop.signal);
  const beaten = await during('a minute of heartbeats', () => sleep(minutes * MINUTE_MS));
  stop.abort();
  await beating;
  return [...silent, ...beaten];
}

export async function measureRollout(cluster: ApiCluster, coordinator: WatchedCoordinator): Promise<readonly Figure[]> {
  return measureDuring(coordinator, `a minute in which ${CHANGES} Deployments change`, () =>
    cluster.rollOut(CHANGES, CHANGE_EVERY_MS),
  );
}

/** Everything for one minute of it. */
async function measureDuring(
  coordinator: WatchedCoordinator,
  name: string,
  work: () => Promise<unknown>,
): Promise<readonly Figure[]> {
  const [startMs, before] = [performance.now(), await coordinator.costs()];
  const { peakMiB } = await peakWhile(coordinator.child.pid, work());
  const [elapsedMs, after] = [performance.now() - startMs, await coordinator.costs()];
  const share = MINUTE_MS / elapsedMs;
  const perMinute = (value: (costs: Costs) => number) => (value(after) - value(before)) * share;
  const requests = new Map(
    [...after.requests].map(([what, count]) => [what, (count - (before.requests.get(what) ?? 0)) * share] as const),
  );
  const writes = new Map([...requests].filter(([what]) => WRITES.includes(what.split(' ')[0] ?? '')));
  return [
    { name: `${name} (measured for ${seconds(elapsedMs)}): requests`, value: describe(requests) },
    { name: '  of these writes', value: describe(writes) },
    { name: '  from the API server', value: megabytes(perMinute(costs => costs.bytesToClient)) },
    { name: '  to the API server', value: megabytes(perMinute(costs => costs.bytesToServer)) },
    {
      name: '  CPU of the coordinator',
      value: `${((perMinute(costs => costs.cpuSeconds) * 100_000) / MINUTE_MS).toFixed(1)} % of a core`,
    },
    { name: '  memory at most', value: mib(peakMiB) },
  ];
}

/** `14: 12 update leases`; what was asked for once is left out of the list. */
function describe(requests: ReadonlyMap<string, number>): string {
  const sum = requests.values().reduce((total, count) => total + count, 0);
  const often = [...requests].filter(([, count]) => count >= 1.5).sort(([, a], [, b]) => b - a);
  const list = often.map(([what, count]) => `${count.toFixed(0)} ${what}`).join(', ');
  return list === '' ? sum.toFixed(0) : `${sum.toFixed(0)}: ${list}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
