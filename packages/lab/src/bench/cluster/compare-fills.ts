import { type Figure, median, spread } from '../print-figures.ts';
import { type BenchCluster, type BenchImages, timeBareLoops, untilPresent, untilWarm } from './bench-cluster.ts';
import { describeWrites, settled, writesSince } from './count-writes.ts';

/** How much more of a bare loop's time a fill with credentials may take than one without. */
const MOST_FOR_CREDENTIALS = 0.03;

interface Fill {
  readonly bareMs: number;
  readonly oursMs: number;
  readonly saidMs: number;
  readonly writes: ReturnType<typeof writesSince>;
}

/**
 * The chart's agents against a bare loop on the same three nodes, in turn, each on nodes without the images: from a registry that serves
 * everybody, and from one that wants a password, which the bare loop is given and ours have to find.
 */
export async function compareFills(bench: BenchCluster, rounds: number): Promise<readonly Figure[]> {
  const { parallel } = bench;
  const open: Fill[] = [];
  const guarded: Fill[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Turn about: whatever comes second finds a machine that is warmer.
    const both = [['without credentials', bench.open, open] as const, ['with', bench.guarded, guarded] as const];
    for (const [name, images, fills] of round % 2 === 1 ? both : both.toReversed()) {
      const fill = await fillOnce(bench, images);
      fills.push(fill);
      console.log(`round ${round} ${name}: ${describeFill(fill)}`);
    }
  }
  // Of neighbours: whatever else the machine does changes from round to round.
  const ratio = median(open.map(({ oursMs, bareMs }) => oursMs / bareMs));
  const saidRatio = median(open.map(({ saidMs, bareMs }) => saidMs / bareMs));
  const guardedRatio = median(guarded.map(({ oursMs, bareMs }) => oursMs / bareMs));
  const { writes } = open.reduce((most, fill) => (fill.writes.length > most.writes.length ? fill : most));
  const times = (fills: readonly Fill[]) =>
    `${spread(fills.map(fill => fill.oursMs))}, ${spread(fills.map(fill => fill.bareMs))}`;
  return [
    {
      name: `apply to all warm on 3 nodes, ${parallel} at a time on each: ours ÷ bare loops`,
      value: `${ratio.toFixed(3)}, median of ${rounds} rounds (${times(open)})`,
      target: 'at most 1.10',
      held: ratio <= 1.1,
    },
    {
      name: 'the same with credentials: ours with a pull secret ÷ bare loops that are given the password',
      value: `${guardedRatio.toFixed(3)}, median of ${rounds} rounds (${times(guarded)})`,
      target: `at most ${MOST_FOR_CREDENTIALS} more than without`,
      held: guardedRatio <= ratio + MOST_FOR_CREDENTIALS,
    },
    {
      name: 'apply to the end of kubectl wait --for=condition=Warm ÷ bare loops',
      value: `${saidRatio.toFixed(3)}, median of ${rounds} rounds (${spread(open.map(fill => fill.saidMs))})`,
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

async function fillOnce(bench: BenchCluster, wanted: BenchImages): Promise<Fill> {
  const { cluster } = bench;
  const bareMs = await timeBareLoops(bench, wanted, cluster.nodes());
  await wipeAll(bench);
  const said = askAndWait(bench, wanted);
  await untilPresent(cluster.nodes(), wanted.images);
  const presentMs = Date.now();
  const { askedMs, warmMs } = await said;
  await settled();
  const writes = writesSince(cluster, askedMs);
  await bench.forget();
  await wipeAll(bench);
  return { bareMs, oursMs: presentMs - askedMs, saidMs: warmMs - askedMs, writes };
}

/** What a pipeline does; by the wall clock. */
async function askAndWait(
  bench: BenchCluster,
  wanted: BenchImages,
): Promise<{ readonly askedMs: number; readonly warmMs: number }> {
  const askedMs = await bench.ask(wanted);
  await untilWarm(bench.cluster);
  return { askedMs, warmMs: Date.now() };
}

async function wipeAll(bench: BenchCluster): Promise<void> {
  await Promise.all(bench.cluster.nodes().map(node => bench.wipe(node)));
}

function describeFill({ bareMs, oursMs, saidMs, writes }: Fill): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  return `bare loops ${seconds(bareMs)}, ours ${seconds(oursMs)}, said ${seconds(saidMs)}, ${writes.length} writes${describeWrites(writes)}`;
}
