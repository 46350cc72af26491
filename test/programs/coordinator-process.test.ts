import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentsApp, listen } from '@kube-prefetch/coordinator';
import { createMemoryHarness } from '@kube-prefetch/coordinator/testing';
import { aNode, aState } from '@kube-prefetch/core/testing';
import { type Child, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterAll, afterEach, expect, test } from 'vitest';
import { fillDisk } from './fill-disk.ts';
import { SOON_MS } from '../patience.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/coordinator/src/main.ts', import.meta.url));
const scratch = scratchFolder('kp-coordinator');
afterAll(() => scratch.remove());

const children: Child[] = [];
afterEach(async () => {
  await Promise.all(children.splice(0).map(child => child.kill()));
});

const NODE =
  'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {conditions: [{type: Ready, status: "True"}]}\n';
const prefetch = (...images: string[]) =>
  `apiVersion: kube-prefetch.io/v1alpha1\nkind: ClusterPrefetch\nmetadata: {name: base}\nspec: {images: ${JSON.stringify(images)}}\n`;

let runs = 0;

async function startCoordinator(manifests = manifestsOf(prefetch('a:1')), statusDir = join(scratch.path, 'status')) {
  const logFile = join(scratch.path, `coordinator-${++runs}.log`);
  const listeners = ['listen', 'admin-listen', 'ops-listen'].flatMap(flag => [`--${flag}`, '127.0.0.1:0']);
  const args = [PROGRAM, '--manifests', manifests, '--status-dir', statusDir, ...listeners];
  const child = await startChild({ name: 'coordinator', command: process.execPath, args, logFile });
  children.push(child);
  const agents = await waitUntil(() => addressOf('agents', logFile), 'the coordinator to listen', SOON_MS, { child });
  await waitUntil(async () => (await ask(`${agents}/v1/nodes/n1/plan`)).status === 200, 'a plan', SOON_MS, { child });
  return { child, agents, ops: addressOf('ops', logFile) ?? '', manifests, logFile };
}

test('when the coordinator stops it answers a poll that waits, and ends well whatever connections stay open', async () => {
  const { child, agents } = await startCoordinator();
  const { etag } = await ask(`${agents}/v1/nodes/n1/plan`);
  const poll = ask(`${agents}/v1/nodes/n1/plan?wait=50`, etag);
  // Neither a kept connection nor a request that never ends may hold the process.
  const { hostname, port } = new URL(agents);
  const half = connect(Number(port), hostname, () => half.write('POST /v1/nodes/n1/report HTTP/1.1\r\nHost: x\r\n'));
  half.on('error', () => {});
  await once(half, 'connect');
  await ask(`${agents}/v1/nodes/n1/plan`, etag);

  process.kill(child.pid, 'SIGTERM');
  const answer = await poll;
  // A poll that had waited its time would be told 304, and a process that something held up would end with 1.
  expect([answer.status, JSON.parse(answer.text).code]).toEqual([503, 'ShuttingDown']);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  half.destroy();
});

test('a saved manifest answers the poll that waits', async () => {
  const { agents, manifests } = await startCoordinator();
  const { etag } = await ask(`${agents}/v1/nodes/n1/plan`);
  const poll = ask(`${agents}/v1/nodes/n1/plan?wait=50`, etag);
  writeFileSync(join(manifests, 'prefetch.yaml'), prefetch('a:1', 'b:1'));
  expect(JSON.parse((await poll).text).items).toHaveLength(2);
});

test('a coordinator that was killed and started again sends no plan that the agent already has', async () => {
  const first = await startCoordinator();
  const { etag } = await ask(`${first.agents}/v1/nodes/n1/plan`);
  await first.child.kill();
  const second = await startCoordinator(first.manifests);
  expect((await ask(`${second.agents}/v1/nodes/n1/plan`, etag)).status).toBe(304);
});

test('on a full disk a status is said to be unwritten, nothing is left of it, and it is written once there is room', async () => {
  const statusDir = join(scratch.path, 'full');
  const makeRoom = fillDisk(statusDir);
  // Asks for nothing, which is refused: a status that need not wait for an agent.
  const { agents, logFile } = await startCoordinator(manifestsOf(prefetch()), statusDir);
  const failures = () => readFileSync(logFile, 'utf8').match(/ENOSPC.*"msg":"status not written"/g)?.length ?? 0;
  await waitUntil(() => failures() >= 2, 'two tries', SOON_MS);
  // A third try may be under way.
  await waitUntil(() => readdirSync(statusDir).join() === 'filler', 'nothing to be left of it', SOON_MS);
  expect((await ask(`${agents}/v1/nodes/n1/plan`)).status).toBe(200);
  makeRoom();
  await waitUntil(() => readdirSync(statusDir).includes('ClusterPrefetch.base.yaml'), 'the status', SOON_MS);
});

test('a poll whose connection closes leaves no waiter behind', async () => {
  const { coordinator, set, close } = createMemoryHarness();
  await set(aState({ nodes: [aNode({ name: 'n1' })] }));
  const app = agentsApp(coordinator, { clock, log: silentLog, metrics: coordinator.metrics });
  const at = { host: '127.0.0.1', port: 0 };
  const listening = await listen(app, { listener: 'agents', at, clock, log: silentLog });
  const { etag } = await ask(`${listening.address}/v1/nodes/n1/plan`);
  const poll = get(`${listening.address}/v1/nodes/n1/plan?wait=50`, { headers: { 'if-none-match': etag } });
  poll.on('error', () => {});
  await waitUntil(() => coordinator.line.fleet.node('n1')?.poll !== undefined, 'the poll to wait', SOON_MS);
  poll.destroy();
  await waitUntil(() => coordinator.line.fleet.node('n1')?.poll === undefined, 'the poll to be let go', SOON_MS);
  await close();
  await listening.close();
  expect(app.server.listening).toBe(false);
});

test('promtool finds nothing wrong with the metrics', async () => {
  await needDebianPackages(['prometheus']);
  const { ops } = await startCoordinator();
  const { text } = await ask(`${ops}/metrics`);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test.each([
  ['flags that are wrong', ['--manifest', 'x', '--listen', 'nowhere'], 2, ['--manifest', '--listen', '--status-dir']],
  ['an address that is taken', [], 1, ['EADDRINUSE']],
  ['an address that is not loopback', ['--listen', ':0'], 1, ['expected a loopback address', 'every address']],
])('%s end the program with words', async (_case, args, code, words) => {
  const taken = await startCoordinator();
  const flags = ['--manifests', taken.manifests, '--status-dir', scratch.path, '--listen', new URL(taken.agents).host];
  const others = ['--admin-listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0'];
  const all = code === 2 ? args : [...flags, ...others, ...args];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [PROGRAM, ...all], {
    encoding: 'utf8',
    timeout: SOON_MS,
  });
  // One that had to be stopped has ended with 1 as well.
  expect({ status, error }).toEqual({ status: code, error: undefined });
  for (const word of words) expect(stdout + stderr).toContain(word);
});

function manifestsOf(text: string): string {
  const dir = join(scratch.path, `manifests-${++runs}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'nodes.yaml'), NODE);
  writeFileSync(join(dir, 'prefetch.yaml'), text);
  return dir;
}

function addressOf(listener: string, logFile: string): string | undefined {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  const line = lines.find(candidate => candidate.includes(`"listener":"${listener}"`));
  return line === undefined ? undefined : (JSON.parse(line) as { address: string }).address;
}

const connections = new Agent({ keepAlive: true });
afterAll(() => connections.destroy());

async function ask(url: string, etag?: string): Promise<{ status: number; etag: string; text: string }> {
  const headers = etag === undefined ? {} : { 'if-none-match': etag };
  const sent = get(url, { agent: connections, headers, signal: AbortSignal.timeout(SOON_MS) });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return { status: answer.statusCode ?? 0, etag: answer.headers.etag ?? '', text };
}
