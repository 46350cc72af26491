import { type Figure, median, spread } from '../print-figures.ts';
import { type BenchCluster, untilPresent, untilWarm } from './bench-cluster.ts';
import { timeBareLoops } from './time-bare-loops.ts';
import { describeWrites, settled, writesSince } from './count-writes.ts';

/** The chart's agents against a bare loop on the same three nodes, in turn, each on nodes without the images. */
export async function compareFills(bench: BenchCluster, rounds: number): Promise<readonly Figure[]> {
  const { cluster, images, parallel } = bench;
  const bareMs: number[] = [];
  const oursMs: number[] = [];
  const saidMs: number[] = [];
  let writes: ReturnType<typeof writesSince> = [];
  for (let round = 1; round <= rounds; round++) {
    bareMs.push(await timeBareLoops(bench, cluster.nodes()));
    await wipeAll(bench);
    const asked = bench.ask(images);
    await untilPresent(cluster.nodes(), images);
    const presentMs = Date.now();
    const askedMs = await asked;
    await untilWarm(cluster);
    saidMs.push(Date.now() - askedMs);
    oursMs.push(presentMs - askedMs);
    await settled();
    const roundWrites = writesSince(cluster, askedMs);
    if (roundWrites.length >= writes.length) writes = roundWrites;
    await bench.forget();
    await wipeAll(bench);
    console.log(
      `round ${round}: bare loops ${last(bareMs)} s, ours ${last(oursMs)} s, ${roundWrites.length} writes${describeWrites(roundWrites)}`,
    );
  }
  // Of neighbours: whatever else the machine does changes from round to round.
  const ratio = median(oursMs.map((ms, round) => ms / (bareMs[round] ?? Number.NaN)));
  return [
    {
      name: `apply to all warm on 3 nodes, ${parallel} at a time on each: ours ÷ bare loops`,
      value: `${ratio.toFixed(3)}, median of ${rounds} rounds (${spread(oursMs)}, ${spread(bareMs)})`,
      target: 'at most 1.10',
      held: ratio <= 1.1,
    },
    { name: 'apply to Warm=True read by kubectl wait', value: spread(saidMs) },
    {
      name: 'our API server writes from apply to warm, the most of any round',
      value: `${writes.length}${describeWrites(writes)}`,
      target: 'at most 10',
      held: writes.length <= 10,
    },
  ];
}

async function wipeAll(bench: BenchCluster): Promise<void> {
  await Promise.all(bench.cluster.nodes().map(node => bench.wipe(node)));
}

function last(valuesMs: readonly number[]): string {
  return ((valuesMs.at(-1) ?? 0) / 1000).toFixed(2);
}
