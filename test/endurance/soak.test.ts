import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage } from '@kube-prefetch/lab/images';
import { type Child, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import { type ScriptedRegistry, startScriptedRegistry } from '@kube-prefetch/lab/scripted-registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { type Agent, type Programs, preparePrograms } from '../programs/start-programs.ts';
import { type Figures, figuresOf, INSPECTED } from './inspect-process.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? '1.5');
/** Compiled code and caches are full after it. */
const WARM_UP_ROUNDS = 15;
const MEASURE_EVERY_MS = 60_000;
/** More than figures vary by themselves, less than one kilobyte for each image of an hour. */
const MAX_GROWTH: Figures = { heapMiB: 3, handles: 8, sockets: 6, files: 3 };

const scratch = scratchFolder('kp-soak');
let registry: ScriptedRegistry;
let containerd: Containerd;
let programs: Programs;
let coordinator: Child;
let agent: Agent;
let ops: string;
beforeAll(async () => {
  registry = await startScriptedRegistry();
  const registries = [registry.address];
  containerd = await startContainerd({ dir: join(scratch.path, 'c'), version: 'debian', registries });
  programs = await preparePrograms(scratch.path, containerd.socket);
  programs.ask([]);
  coordinator = await programs.startCoordinator(INSPECTED);
  agent = await programs.startAgent({ 'log-level': 'info' }, INSPECTED);
  ops = await agent.ops();
});
afterAll(async () => {
  await Promise.all([agent?.child.kill(), coordinator?.kill()]);
  await containerd?.stop();
  await registry?.close();
  scratch.remove();
});

const small = buildImage({ files: [{ path: 'x', contents: Buffer.from('soak') }] });
let rounds = 0;

/** Images that were never seen before: two become warm, one of them is deleted and comes back, one does not exist. */
async function round(): Promise<void> {
  rounds += 1;
  const image = (name: string) => `${registry.address}/soak/${name}:${rounds}`;
  for (const name of ['a', 'b']) registry.publish(`soak/${name}`, String(rounds), small);
  programs.ask([image('a'), image('b'), image('missing')]);
  for (const name of ['a', 'b']) await programs.until(image(name), ({ state }) => state === 'Present', 'present');
  await programs.until(image('missing'), ({ state }) => state === 'Failed', 'missing');
  await containerd.ctr('images', 'rm', image('a'));
  await waitUntil(
    async () => (await containerd.ctr('images', 'ls', '-q')).includes(image('a')),
    'it to be back',
    SOON_MS,
  );
  for (const path of ['/metrics', '/healthz', '/nowhere']) await (await fetch(`${ops}${path}`)).text();
  await containerd.ctr('images', 'rm', image('b'));
}

test(
  `in ${MINUTES} minutes of new images, failures, deletions and scrapes nothing grows in coordinator or agent`,
  async () => {
    while (rounds < WARM_UP_ROUNDS) await round();
    const before = await measure();
    print(before);
    const untilMs = performance.now() + MINUTES * 60_000;
    let nextMs = performance.now() + MEASURE_EVERY_MS;
    while (performance.now() < untilMs) {
      await round();
      if (performance.now() < nextMs) continue;
      nextMs = performance.now() + MEASURE_EVERY_MS;
      print(await measure());
    }
    programs.ask([]);
    await sleep(5_000);
    const after = await measure();
    print(after);
    expect(rounds).toBeGreaterThan(WARM_UP_ROUNDS + MINUTES);
    for (const [name, figures] of Object.entries(after)) {
      for (const [what, value] of Object.entries(figures)) {
        const was = before[name as keyof typeof before][what as keyof Figures];
        expect(value, `${what} of the ${name}, ${was} after the warm-up`).toBeLessThan(
          was + MAX_GROWTH[what as keyof Figures],
        );
      }
    }
  },
  (MINUTES + 15) * 60_000,
);

async function measure(): Promise<Record<'coordinator' | 'agent', Figures>> {
  return { coordinator: await figuresOf(coordinator), agent: await figuresOf(agent.child) };
}

function print(figures: Awaited<ReturnType<typeof measure>>): void {
  for (const [name, { heapMiB, ...others }] of Object.entries(figures)) {
    console.log(`after ${rounds} rounds the ${name}: heap ${heapMiB.toFixed(2)} MiB`, others);
  }
}
