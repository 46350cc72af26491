import { type Figure, median, spread } from '../print-figures.ts';
import { type BenchCluster, timeBareLoops, untilPresent, untilWarm } from './bench-cluster.ts';
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
    const said = askAndWait(bench);
    await untilPresent(cluster.nodes(), images);
    const presentMs = Date.now();
    const { askedMs, warmMs } = await said;
    saidMs.push(warmMs - askedMs);
    oursMs.push(presentMs - askedMs);
    await settled();
    const roundWrites = writesSince(cluster, askedMs);
    if (roundWrites.length >= writes.length) writes = roundWrites;
    await bench.forget();
    await wipeAll(bench);
    console.log(
      `round ${round}: bare loops ${last(bareMs)} s, ours ${last(oursMs)} s, said ${last(saidMs)} s, ${roundWrites.length} writes${describeWrites(roundWrites)}`,
    );
  }
  // Of neighbours: whatever else the machine does changes from round to round.
  const ratioOf = (timesMs: readonly number[]) =>
    median(timesMs.map((ms, round) => ms / (bareMs[round] ?? Number.NaN)));
  const [ratio, saidRatio] = [ratioOf(oursMs), ratioOf(saidMs)];
  return [
    {
      name: `apply to all warm on 3 nodes, ${parallel} at a time on each: ours ÷ bare loops`,
      value: `${ratio.toFixed(3)}, median of ${rounds} rounds (${spread(oursMs)}, ${spread(bareMs)})`,
      target: 'at most 1.10',
      held: ratio <= 1.1,
    },
    {
      name: 'apply to the end of kubectl wait --for=condition=Warm ÷ bare loops',
      value: `${saidRatio.toFixed(3)}, median of ${rounds} rounds (${spread(saidMs)})`,
      target: 'at most 1.15',
      held: saidRatio <= 1.15,
    },
    {
      name: 'our API server writes from apply to warm, the most of any round',
      value: `${writes.length}${describeWrites(writes)}`,
      target: 'at most 10',
      held: writes.length <= 10,
    },
  ];
}

/** What a pipeline does; by the wall clock. */
async function askAndWait(bench: BenchCluster): Promise<{ readonly askedMs: number; readonly warmMs: number }> {
  const askedMs = await bench.ask(bench.images);
  await untilWarm(bench.cluster);
  return { askedMs, warmMs: Date.now() };
}

async function wipeAll(bench: BenchCluster): Promise<void> {
  await Promise.all(bench.cluster.nodes().map(node => bench.wipe(node)));
}

function last(valuesMs: readonly number[]): string {
  return ((valuesMs.at(-1) ?? 0) / 1000).toFixed(2);
}
