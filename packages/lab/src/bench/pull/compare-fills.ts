import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareLoop } from '../bare-loop.ts';
import { type Figure, median, spread } from '../print-figures.ts';
import { cpuSeconds, peakWhile, residentMiB } from '../process-figures.ts';
import { type BenchNode, wipe } from './bench-node.ts';

/** What an agent still does after a fill: it counts bytes, saves its state, tells the rest. */
const AFTERWARDS_MS = 5_000;

/** Ours against a bare loop of the same parallelism, in turn, each on an empty runtime, until the runtime has all images. */
export async function compareFills(bench: BenchNode, parallel: number, rounds: number): Promise<readonly Figure[]> {
  await bench.startAgent(parallel);
  const idleMiB = residentMiB(bench.agentPid());
  const bareMs: number[] = [];
  const oursMs: number[] = [];
  const bareCpuMs: number[] = [];
  const oursCpuMs: number[] = [];
  let peakMiB = 0;
  for (let round = 1; round <= rounds; round++) {
    bareMs.push(await timeUntilAllWarm(bench, () => bareLoop(bench.containerd.socket, bench.images, parallel)));
    await wipe(bench.containerd);
    const cpuBefore = cpuSeconds(bench.agentPid());
    const ours = timeUntilAllWarm(bench, () => bench.ask(bench.images));
    const watched = await peakWhile(bench.agentPid(), ours);
    oursMs.push(watched.result);
    peakMiB = Math.max(peakMiB, watched.peakMiB);
    await sleep(AFTERWARDS_MS);
    oursCpuMs.push(((cpuSeconds(bench.agentPid()) - cpuBefore) * 1000) / bench.images.length);
    await bench.ask([]);
    await wipe(bench.containerd);
    bareCpuMs.push(await bareCpuPerImageMs(bench, parallel));
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
    {
      name: `CPU for one image, ${parallel} at a time`,
      value: `agent ${median(oursCpuMs).toFixed(1)} ms, bare loop ${median(bareCpuMs).toFixed(1)} ms`,
      target: 'agent at most 15 ms',
      held: median(oursCpuMs) <= 15,
    },
    memory(`agent memory before the first pull, ${parallel} at a time`, idleMiB),
    memory(`agent memory while pulling, ${parallel} at a time`, peakMiB),
  ];
}

/** A fill of its own: the loop runs in this process, which otherwise asks all the time whether the images are there. */
async function bareCpuPerImageMs({ containerd, images }: BenchNode, parallel: number): Promise<number> {
  const before = process.cpuUsage();
  await bareLoop(containerd.socket, images, parallel);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / images.length;
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
