import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage } from '@kube-prefetch/lab/images';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import { type ScriptedRegistry, startScriptedRegistry } from '@kube-prefetch/lab/scripted-registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { type Figures, figuresOf } from './inspect-process.ts';
import { type InCluster, STRANGER, startInCluster } from './start-in-cluster.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? '1.5');
/** Compiled code and caches are full after it. */
const WARM_UP_ROUNDS = 15;
const MEASURE_EVERY_MS = 60_000;
const SETTLED_MS = 5_000;
/** Rounds after which the token is another, and all connections to the API server are broken. */
const RENEW_EVERY = 10;
const BREAK_EVERY = 7;
/** More than figures vary by themselves, less than one kilobyte for each image of an hour. */
const MAX_GROWTH: Figures = { heapMiB: 3, handles: 8, sockets: 6, files: 3 };

const scratch = scratchFolder('kp-soak');
let registry: ScriptedRegistry;
let containerd: Containerd;
let running: InCluster;
beforeAll(async () => {
  registry = await startScriptedRegistry();
  const registries = [registry.address];
  containerd = await startContainerd({ dir: join(scratch.path, 'c'), version: 'debian', registries });
  running = await startInCluster(scratch.path, containerd.socket);
});
afterAll(async () => {
  await running?.close();
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
  await running.deploy(`web-${rounds}`, image('a'));
  await running.name([image('b'), image('missing')]);
  if (rounds % RENEW_EVERY === 0) await running.renewToken();
  if (rounds % BREAK_EVERY === 0) running.breakWatches();
  for (const name of ['a', 'b']) await running.until(image(name), 'Present');
  await running.until(image('missing'), 'Failed');
  await containerd.ctr('images', 'rm', image('a'));
  await waitUntil(
    async () => (await containerd.ctr('images', 'ls', '-q')).includes(image('a')),
    'it to be back',
    SOON_MS,
  );
  for (const url of running.ops) {
    for (const path of ['/metrics', '/healthz', '/nowhere']) await (await fetch(`${url}${path}`)).text();
  }
  await knock();
  await containerd.ctr('images', 'rm', image('b'));
  await running.removeDeployment(`web-${rounds}`);
}

/** Strangers at the listener of the agents: none gets in, and one never begins its handshake. */
async function knock(): Promise<void> {
  for (const token of [undefined, 'nonsense', `e30.${'e'.repeat(1_000)}.e30`]) {
    expect(await running.askAsStranger(token)).toBe(401);
  }
  const [host = '', port] = running.agentsAddress.split(':');
  const socket = connect({ host, port: Number(port), localAddress: STRANGER });
  await once(socket, 'connect');
  socket.destroy();
}

test(
  `in ${MINUTES} minutes of new images, failures, deletions, broken watches, new tokens, strangers and scrapes nothing grows in coordinator or agent`,
  async () => {
    while (rounds < WARM_UP_ROUNDS) await round();
    // Watches that were broken lately stand again: while they are away there is less of everything.
    await sleep(SETTLED_MS);
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
    await running.name([]);
    await sleep(SETTLED_MS);
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
  return { coordinator: await figuresOf(running.coordinator), agent: await figuresOf(running.agent) };
}

function print(figures: Awaited<ReturnType<typeof measure>>): void {
  for (const [name, { heapMiB, ...others }] of Object.entries(figures)) {
    console.log(`after ${rounds} rounds the ${name}: heap ${heapMiB.toFixed(2)} MiB`, others);
  }
}
