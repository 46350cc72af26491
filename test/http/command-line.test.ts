import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLeaderApi } from '@kube-prefetch/cli/testing';
import { bundle } from '@kube-prefetch/lab/build';
import { runProgram, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { CellReport, ResourcesView } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { prepareFleet } from '../browser/start-fleet.ts';
import { SOON_MS } from '../patience.ts';

const ROUNDS = 5;

const scratch = scratchFolder('kp-command-line');
let cli: string;
let coordinator: string;
let runs = 0;
beforeAll(async () => {
  const [first, second] = await Promise.all([bundle('cli', scratch.path), bundle('coordinator', scratch.path)]);
  [cli, coordinator] = [first.file, second.file];
});
afterAll(() => scratch.remove());

const present = (image: string): CellReport => ({ image, state: 'Present', since: '2026-01-01T00:00:00.000Z' });

/** Coordinators as shipped, each on the same manifests of one node and `images`, as pods `a` and `b`; `a` leads. */
async function startLeaders(images: readonly string[]) {
  const api = await startLeaderApi();
  onTestFinished(() => api.close());
  const folder = join(scratch.path, String(++runs));
  const fleetOf = async (pod: string) => {
    const fleet = await prepareFleet(join(folder, pod), coordinator);
    onTestFinished(() => fleet.stop());
    fleet.nodes(['n1']);
    for (const image of images) fleet.ask(image, [`${image}:1`]);
    await fleet.start();
    api.pod(pod, Number(new URL(fleet.page).port));
    return fleet;
  };
  const fleets = [await fleetOf('a'), await fleetOf('b')] as const;
  api.lead('a');
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(api.kubeconfig));
  return { api, fleets, folder };
}

/** The built program, until it has said something: then it has looked at least once. */
async function begin(folder: string, ...args: readonly string[]) {
  const logFile = join(folder, `${args.join('-').replaceAll('/', '-')}.log`);
  const child = await startChild({
    name: 'kubectl-prefetch',
    command: process.execPath,
    args: [cli, ...args, '--kubeconfig', join(folder, 'kubeconfig')],
    logFile,
  });
  onTestFinished(async () => void (await child.kill()));
  const said = () => readFileSync(logFile, 'utf8');
  await waitUntil(() => said() !== '', 'the first look', SOON_MS, { child });
  return { child, said };
}

test('a wait ends with the first or second look after the coordinator knows, and its looks share one connection', async () => {
  const images = Array.from({ length: ROUNDS }, (_, n) => `image-${n}`);
  const { api, fleets, folder } = await startLeaders(images);
  const [fleet] = fleets;
  const held: CellReport[] = [];
  const after: { looks: number; ms: number }[] = [];
  const before = api.passed();
  for (const image of images) {
    const { child } = await begin(folder, 'wait', `cpf/${image}`);
    held.push(present(`${image}:1`));
    await fleet.report('n1', held);
    const isKnown = async () => {
      const view = await fetch(`${fleet.page}/v1/resources?name=${image}`);
      const { resources } = (await view.json()) as ResourcesView;
      return resources[0]?.status.conditions.some(({ type, status }) => type === 'Warm' && status === 'True');
    };
    await waitUntil(isKnown, 'the coordinator to know', SOON_MS);
    const { requests } = api.passed();
    const known = performance.now();
    expect((await child.exited).code).toBe(0);
    after.push({ looks: api.passed().requests - requests, ms: Math.round(performance.now() - known) });
  }
  const { requests, connections, answerBytes } = api.passed();
  console.info(
    'looks and milliseconds from the report to the end of the program:',
    after.map(({ looks, ms }) => `${looks} ${ms}`).join(', '),
  );
  console.info(`${answerBytes - before.answerBytes} bytes for ${requests - before.requests} looks`);
  expect(Math.max(...after.map(({ looks }) => looks))).toBeLessThanOrEqual(2);
  expect(connections - before.connections).toBe(ROUNDS);
});

test('a wait and a watched status go on with the next leader when theirs is killed, and end right', async () => {
  const { api, fleets, folder } = await startLeaders(['web']);
  const [first, second] = fleets;
  const waiting = await begin(folder, 'wait', 'cpf/web');
  const watching = await begin(folder, 'status', 'web', '--watch');
  await first.stop();
  // The Lease names the leader that is gone until another one takes over: first its container is away, then its pod.
  await waitUntil(() => waiting.said().includes('does not answer'), 'the wait to miss its leader', SOON_MS, waiting);
  api.pod('a', undefined);
  await waitUntil(() => watching.said().includes('not found'), 'the status to miss its leader', SOON_MS, watching);
  const { requests } = api.passed();
  api.lead('b');
  await waitUntil(() => api.passed().requests > requests + 1, 'the next leader to be asked', SOON_MS, waiting);
  await second.report('n1', [present('web:1')]);
  expect((await waiting.child.exited).code).toBe(0);
  expect(waiting.said()).toMatch(/cpf\/web is warm\n$/);
  await waitUntil(() => /1\/1 .* Warm\n$/.test(watching.said()), 'the status to be shown', SOON_MS, watching);
  console.info(`${waiting.said()}\n${watching.said()}`);
});

test('an older Node is told which one is needed, and nothing else', async () => {
  const older =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})";
  await expect(runProgram(process.execPath, ['--import', older, cli, 'status'])).rejects.toThrow(
    /failed: error: kubectl-prefetch needs Node 24 or newer, and this is 20\.1\.0$/,
  );
});
