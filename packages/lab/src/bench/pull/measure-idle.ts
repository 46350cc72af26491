import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage } from '../../images/index.ts';
import { memory } from './compare-fills.ts';
import type { Figure } from '../print-figures.ts';
import { cpuSeconds, residentMiB } from '../process-figures.ts';
import type { Stage } from './stage.ts';
import { wipe } from './wipe.ts';

const MANY = 200;
const CYCLES = 20;

/** What the agent costs while everything is warm: with the ten images, then with 200 small ones. */
export async function measureIdle(stage: Stage, seconds: number): Promise<readonly Figure[]> {
  await stage.ask(stage.images);
  await stage.untilPresent(stage.images);
  await sleep(5_000);
  const before = stage.registry.requests();
  console.log(`watching the agent with ${stage.images.length} images for ${seconds} s`);
  const few = await watch(stage, seconds);
  const requests = stage.registry.requests() - before;

  const many = publishMany(stage);
  await stage.ask(many);
  await stage.untilPresent(many);
  await sleep(5_000);
  console.log(`watching the agent with ${MANY} images for ${seconds} s`);
  const lots = await watch(stage, seconds);
  const cycle = await measureCycle(stage, many[0] ?? '');
  await stage.ask([]);
  await wipe(stage.containerd);

  return [
    {
      name: `registry requests in ${seconds} s of steady state`,
      value: String(requests),
      target: '0',
      held: requests === 0,
    },
    cpu(`agent CPU idle, ${stage.images.length} images`, few.cpuShare),
    cpu(`agent CPU idle, ${MANY} images`, lots.cpuShare),
    { name: `one cycle over ${MANY} present images`, value: `${cycle.meanMs.toFixed(1)} ms, mean of ${cycle.count}` },
    memory(`agent memory idle, ${MANY} images`, lots.residentMiB),
  ];
}

/** Another name for a present image, again and again: each time the runtime's event makes the agent look at everything. */
async function measureCycle(stage: Stage, image: string): Promise<{ meanMs: number; count: number }> {
  const before = cycles(await stage.agentMetrics());
  for (let i = 0; i < CYCLES; i++) {
    await stage.containerd.ctr('images', 'tag', '--force', image, `${stage.suite.address}/many/another:name`);
    await sleep(500);
  }
  const after = cycles(await stage.agentMetrics());
  const count = after.count - before.count;
  return { meanMs: ((after.seconds - before.seconds) / count) * 1000, count };
}

function publishMany(stage: Stage): readonly string[] {
  const image = buildImage({ files: [{ path: 'hello', contents: Buffer.from('hello') }] });
  return Array.from({ length: MANY }, (_, index) => {
    stage.suite.publish('many/small', `v${index}`, image);
    return `${stage.suite.address}/many/small:v${index}`;
  });
}

async function watch(stage: Stage, seconds: number): Promise<{ cpuShare: number; residentMiB: number }> {
  const before = cpuSeconds(stage.agentPid());
  await sleep(seconds * 1000);
  return {
    cpuShare: (cpuSeconds(stage.agentPid()) - before) / seconds,
    residentMiB: residentMiB(stage.agentPid()),
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
