import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage } from '../../images/index.ts';
import type { Figure } from '../print-figures.ts';
import { cpuSeconds, residentMiB } from '../process-figures.ts';
import { type BenchNode, wipe } from './bench-node.ts';
import { memory } from './compare-fills.ts';

const MANY = 200;
const CYCLES = 20;

/** What the agent costs while everything is warm: with the ten images, then with 200 small ones. */
export async function measureIdle(bench: BenchNode, seconds: number): Promise<readonly Figure[]> {
  await bench.ask(bench.images);
  await bench.untilPresent(bench.images);
  await sleep(5_000);
  const before = bench.registry.requests();
  console.log(`watching the agent with ${bench.images.length} images for ${seconds} s`);
  const few = await watch(bench, seconds);
  const requests = bench.registry.requests() - before;

  const many = publishMany(bench);
  await bench.ask(many);
  await bench.untilPresent(many);
  await sleep(5_000);
  console.log(`watching the agent with ${MANY} images for ${seconds} s`);
  const lots = await watch(bench, seconds);
  const cycle = await measureCycle(bench, many[0] ?? '');
  await bench.ask([]);
  await wipe(bench.containerd);

  return [
    {
      name: `registry requests in ${seconds} s of steady state`,
      value: String(requests),
      target: '0',
      held: requests === 0,
    },
    cpu(`agent CPU idle, ${bench.images.length} images`, few.cpuShare),
    cpu(`agent CPU idle, ${MANY} images`, lots.cpuShare),
    { name: `one cycle over ${MANY} present images`, value: `${cycle.meanMs.toFixed(1)} ms, mean of ${cycle.count}` },
    memory(`agent memory idle, ${MANY} images`, lots.residentMiB),
  ];
}

/** Another name for a present image, again and again: each time the runtime's event makes the agent look at everything. */
async function measureCycle(bench: BenchNode, image: string): Promise<{ meanMs: number; count: number }> {
  const before = cycles(await bench.agentMetrics());
  for (let i = 0; i < CYCLES; i++) {
    await bench.containerd.ctr('images', 'tag', '--force', image, `${bench.scripted.address}/many/another:name`);
    await sleep(500);
  }
  const after = cycles(await bench.agentMetrics());
  const count = after.count - before.count;
  return { meanMs: ((after.seconds - before.seconds) / count) * 1000, count };
}

function publishMany(bench: BenchNode): readonly string[] {
  const image = buildImage({ files: [{ path: 'hello', contents: Buffer.from('hello') }] });
  return Array.from({ length: MANY }, (_, index) => {
    bench.scripted.publish('many/small', `v${index}`, image);
    return `${bench.scripted.address}/many/small:v${index}`;
  });
}

async function watch(bench: BenchNode, seconds: number): Promise<{ cpuShare: number; residentMiB: number }> {
  const before = cpuSeconds(bench.agentPid());
  await sleep(seconds * 1000);
  return {
    cpuShare: (cpuSeconds(bench.agentPid()) - before) / seconds,
    residentMiB: residentMiB(bench.agentPid()),
  };
}

function cpu(name: string, share: number): Figure {
  return { name, value: `${(share * 100).toFixed(2)} % of a core`, target: 'under 1 %', held: share < 0.01 };
}

function cycles(metrics: string): { count: number; seconds: number } {
  const read = (suffix: string) =>
    Number(new RegExp(`^kube_prefetch_agent_cycle_duration_seconds_${suffix} (\\S+)$`, 'm').exec(metrics)?.[1]);
  return { count: read('count'), seconds: read('sum') };
}
