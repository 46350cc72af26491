import { performance } from 'node:perf_hooks';
import { bareLoop } from '../bare-loop.ts';
import { type Figure, median, spread } from '../print-figures.ts';
import { peakWhile, residentMiB } from '../process-figures.ts';
import { type BenchNode, wipe } from './bench-node.ts';

/** Ours against a bare loop of the same parallelism, in turn, each on an empty runtime, until the runtime has all images. */
export async function compareFills(bench: BenchNode, parallel: number, rounds: number): Promise<readonly Figure[]> {
  await bench.startAgent(parallel);
  const idleMiB = residentMiB(bench.agentPid());
  const bareMs: number[] = [];
  const oursMs: number[] = [];
  let peakMiB = 0;
  for (let round = 1; round <= rounds; round++) {
    bareMs.push(await timeUntilAllWarm(bench, () => bareLoop(bench.containerd.socket, bench.images, parallel)));
    await wipe(bench.containerd);
    const ours = timeUntilAllWarm(bench, () => bench.ask(bench.images));
    const watched = await peakWhile(bench.agentPid(), ours);
    oursMs.push(watched.result);
    peakMiB = Math.max(peakMiB, watched.peakMiB);
    await bench.ask([]);
    await wipe(bench.containerd);
    console.log(`${parallel} at a time, round ${round}: bare loop ${seconds(bareMs)}, ours ${seconds(oursMs)}`);
  }
  const ratio = median(oursMs) / median(bareMs);
  return [
    {
      name: `all warm, ${parallel} at a time: ours ÷ bare loop`,
      value: `${ratio.toFixed(3)} = ${spread(oursMs)} ÷ ${spread(bareMs)}`,
      target: 'at most 1.05',
      held: ratio <= 1.05,
    },
    memory(`agent memory before the first pull, ${parallel} at a time`, idleMiB),
    memory(`agent memory while pulling, ${parallel} at a time`, peakMiB),
  ];
}

export function memory(name: string, mib: number): Figure {
  return { name, value: `${mib.toFixed(1)} MiB`, target: 'at most 70 MiB', held: mib <= 70 };
}

/** The last of them. */
function seconds(valuesMs: readonly number[]): string {
  return `${((valuesMs.at(-1) ?? 0) / 1000).toFixed(2)} s`;
}

/** The same clock for both: it ends when the runtime itself says that the last image is there. */
async function timeUntilAllWarm(bench: BenchNode, start: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  const started = start();
  await bench.untilPresent(bench.images);
  const elapsedMs = performance.now() - startMs;
  await started;
  return elapsedMs;
}
