import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterNode } from '../../cluster/index.ts';
import { type Figure, median, spread } from '../print-figures.ts';
import { type BenchCluster, NAMESPACE, timeBareLoops, untilPresent, untilWarm } from './bench-cluster.ts';
import { type PodProcess, podProcesses } from './pod-processes.ts';
import { type Claim, watchClaims } from './watch-claims.ts';

/** So long after an image came our own look at the runtime may notice it. */
const LOOK_MS = 50;

/**
 * All images of one node are deleted behind the agent's back: how soon they are there again, and what is said meanwhile. Each
 * node once: what is deleted again within the hour is left to whoever deletes it.
 */
export async function measureWipedNode(bench: BenchCluster, dir: string): Promise<readonly Figure[]> {
  const { cluster, open } = bench;
  const bareMs: number[] = [];
  const wipes: Wipe[] = [];
  for (const node of cluster.nodes()) {
    bareMs.push(await timeBareLoops(bench, open, [node]));
    await bench.wipe(node);
    await bench.ask(open);
    wipes.push(await wipeOnce(bench, node, dir));
    await bench.forget();
    await Promise.all(cluster.nodes().map(each => bench.wipe(each)));
  }
  const healed = wipes.map(wipe => wipe.healedMs);
  const laterMs = median(healed.map((ms, round) => ms - (bareMs[round] ?? Number.NaN)));
  const falsely = wipes.reduce((sum, wipe) => sum + wipe.falseClaims, 0);
  return [
    {
      name: "one node's images deleted, to all present again, beside a bare loop on it",
      value: `${(laterMs / 1000).toFixed(2)} s later, median of ${wipes.length} (${spread(healed)}, ${spread(bareMs)})`,
      target: 'at most 1 s later',
      held: laterMs <= 1_000,
    },
    { name: 'deleting them took', value: spread(wipes.map(wipe => wipe.deletingMs)) },
    {
      name: 'first deletion to status and overview not warm',
      value: `${spread(wipes.map(wipe => wipe.statusNoticedMs))}, ${spread(wipes.map(wipe => wipe.overviewNoticedMs))}`,
    },
    {
      name: 'claims between that and healed that the node was warm',
      value: `${falsely} of ${wipes.reduce((sum, wipe) => sum + wipe.claims, 0)}`,
      target: '0',
      held: falsely === 0,
    },
  ];
}

interface Wipe {
  readonly deletingMs: number;
  /** From when the last of them was deleted. */
  readonly healedMs: number;
  readonly statusNoticedMs: number;
  readonly overviewNoticedMs: number;
  readonly claims: number;
  readonly falseClaims: number;
}

async function wipeOnce(bench: BenchCluster, node: ClusterNode, dir: string): Promise<Wipe> {
  const { cluster, open } = bench;
  const { images } = open;
  await untilPresent(cluster.nodes(), images);
  await untilWarm(cluster);
  const claims = await watchClaims(cluster, dir, await leaderOf(cluster), node.name);
  await sleep(3_000); // until both clients watch
  const startMs = Date.now();
  await bench.deleteImages(node);
  const deletedMs = Date.now();
  await untilPresent([node], images);
  const endMs = Date.now();
  await untilWarm(cluster);
  await sleep(1_000);
  await claims.stop();
  const status = judge(claims.status(), startMs, endMs);
  const overview = judge(claims.overview(), startMs, endMs);
  return {
    deletingMs: deletedMs - startMs,
    healedMs: endMs - deletedMs,
    statusNoticedMs: status.afterMs,
    overviewNoticedMs: overview.afterMs,
    claims: status.claims + overview.claims,
    falseClaims: status.falseClaims + overview.falseClaims,
  };
}

async function leaderOf(cluster: Cluster): Promise<PodProcess> {
  const holder = '-o=jsonpath={.items[0].spec.holderIdentity}';
  const pod = await cluster.kubectl('get', 'leases', '-n', NAMESPACE, holder);
  const leader = (await podProcesses(cluster)).find(process => process.pod === pod);
  if (leader === undefined) throw new Error(`expected a coordinator's pod to lead, got ${pod}`);
  return leader;
}

/** What was said from the first "not warm" on until the images were there again. */
function judge(claims: readonly Claim[], fromMs: number, untilMs: number) {
  const first = claims.find(({ atMs, warm }) => atMs >= fromMs && !warm);
  if (first === undefined) throw new Error('expected a wiped node to be noticed');
  const meanwhile = claims.filter(({ atMs }) => atMs >= first.atMs && atMs < untilMs - LOOK_MS);
  const falseClaims = meanwhile.filter(({ warm }) => warm).length;
  return { afterMs: first.atMs - fromMs, claims: meanwhile.length, falseClaims };
}
