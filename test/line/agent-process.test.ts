import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '@kube-prefetch/lab/images';
import { type Child, needDebianPackages, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import { type SuiteRegistry, startSuiteRegistry } from '@kube-prefetch/lab/suite-registry';
import type { CellReport } from '@kube-prefetch/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fillDisk } from './fill-disk.ts';
import { type Programs, preparePrograms } from './start-programs.ts';

/** Real programs on a real containerd, whose registry sends as slowly as a test wants. */
const scratch = scratchFolder('kp-line');
let registry: SuiteRegistry;
let containerd: Containerd;
let programs: Programs;
const children: Child[] = [];
let tests = 0;

const MIB = 1024 * 1024;
const slow = { blobs: { do: 'trickle' as const, bytesPerSecond: MIB } };
const isDownloading = (cell: CellReport) => cell.state === 'Pulling' && (cell.pull?.doneBytes ?? 0) > 0;

beforeAll(async () => {
  registry = await startSuiteRegistry();
  containerd = await startContainerd({
    dir: join(scratch.path, 'c'),
    version: 'debian',
    registries: [registry.address],
  });
});
afterAll(async () => {
  await containerd?.stop();
  await registry?.close();
  scratch.remove();
});
beforeEach(async () => {
  tests += 1;
  programs = await preparePrograms(join(scratch.path, `t${tests}`), containerd.socket);
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(child => child.kill()));
});

const coordinator = async () => {
  const child = await programs.startCoordinator();
  children.push(child);
  return child;
};
const agent = async (flags?: Record<string, string>, under?: readonly string[]) => {
  const started = await programs.startAgent(flags, under);
  children.push(started.child);
  return started;
};

/** An image of some size in a repository of its own. */
function publish(name: string, sizeMiB: number): string {
  const repository = `t${tests}/${name}`;
  registry.publish(repository, '1', buildImage({ files: [{ path: 'x', contents: Buffer.from(name) }], sizeMiB }));
  return `${registry.address}/${repository}:1`;
}
const repositoryOf = (image: string) => image.slice(registry.address.length + 1, -2);
const layerRequests = (image: string) => {
  const requests = registry.requests.of(repositoryOf(image));
  return requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).length;
};
const isPresent = async (image: string) => (await containerd.ctr('images', 'ls', '-q')).split('\n').includes(image);

test('a coordinator killed in mid-pull and started again finds the pull still running, begun once', async () => {
  const image = publish('slow', 12); // Lasts longer than a coordinator takes to start.
  registry.behave(repositoryOf(image), slow);
  programs.ask([image]);
  const first = await coordinator();
  await agent();
  await programs.until(image, isDownloading, 'downloading');
  await first.kill();
  await coordinator();
  await programs.until(image, cell => cell.state === 'Pulling', 'reported again', 12_000);
  const cell = await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect(cell.pull?.elapsedMs).toBeGreaterThan(4_000);
  expect(layerRequests(image)).toBeLessThanOrEqual(3);
});

test('an agent killed in mid-pull, and started again while no coordinator answers, pulls what was planned', async () => {
  const image = publish('planned', 6);
  registry.behave(repositoryOf(image), slow);
  programs.ask([image]);
  const first = await coordinator();
  const killed = await agent();
  await programs.until(image, isDownloading, 'downloading');
  await waitUntil(
    () => readdirSync(join(scratch.path, `t${tests}`, 'state')).includes('state.json'),
    'the state',
    5_000,
  );
  await Promise.all([first.kill(), killed.child.kill()]);
  registry.behave(repositoryOf(image), {});
  await agent();
  await waitUntil(() => isPresent(image), 'the image to be pulled without a coordinator', 40_000);
  await coordinator();
  const cell = await programs.until(image, ({ state }) => state === 'Present', 'reported to the new coordinator');
  expect(cell.failure).toBeUndefined();
});

test('a runtime killed in mid-pull is reported, and pulled from again when its socket is back', async () => {
  const image = publish('interrupted', 6);
  registry.behave(repositoryOf(image), slow);
  programs.ask([image]);
  await coordinator();
  const { ops } = await agent();
  await programs.until(image, isDownloading, 'downloading');
  await containerd.kill();
  await waitUntil(
    async () => (await programs.view()).runtime?.failure?.kind === 'RuntimeUnavailable',
    'a report',
    10_000,
  );
  expect((await fetch(`${await ops()}/readyz`)).status).toBe(503);
  expect((await fetch(`${await ops()}/healthz`)).status).toBe(200);
  registry.behave(repositoryOf(image), {});
  await containerd.start();
  await programs.until(image, ({ state }) => state === 'Present', 'present', 30_000);
  expect((await programs.view()).runtime?.failure).toBeUndefined();
  expect((await fetch(`${await ops()}/readyz`)).status).toBe(200);
});

test('an image deleted behind the agent is back in seconds', async () => {
  const image = publish('deleted', 1);
  programs.ask([image]);
  await coordinator();
  await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await containerd.ctr('images', 'rm', '--sync', image);
  expect(await waitUntil(() => isPresent(image), 'the image to be back', 5_000)).toBe(true);
});

test('SIGTERM in mid-pull cancels it at the registry and ends the process well', async () => {
  const image = publish('cancelled', 20);
  registry.behave(repositoryOf(image), slow);
  programs.ask([image]);
  await coordinator();
  const { child } = await agent();
  await programs.until(image, isDownloading, 'downloading');
  expect(await child.stop()).toEqual({ code: 0, signal: null });
  const ends = await Promise.all(registry.requests.of(repositoryOf(image)).map(request => request.ended));
  expect(ends).toContain('closed');
});

test('a second agent on the same state folder ends with a sentence about it', async () => {
  await coordinator();
  const first = await agent();
  await first.ops();
  const second = await agent();
  expect(await second.child.exited).toEqual({ code: 1, signal: null });
  expect(JSON.stringify(second.logged('unhandled error'))).toContain('another agent uses the state folder');
  expect(first.child.running()).toBe(true);
});

test('of two agents for one node the older one ends with a sentence about it', async () => {
  await coordinator();
  const older = await agent();
  await waitUntil(async () => (await programs.view()).agent === 'Reporting', 'the first report', 10_000);
  await agent({ 'state-dir': join(scratch.path, `t${tests}`, 'other-state') });
  const exit = await Promise.race([older.child.exited, new Promise(resolve => setTimeout(resolve, 40_000))]);
  expect(exit).toEqual({ code: 1, signal: null });
  expect(JSON.stringify(older.logged('unhandled error'))).toContain('a newer agent reports for this node');
});

test('an agent that starts before its runtime and its coordinator reports once both are there', async () => {
  const image = publish('early', 1);
  programs.ask([image]);
  await containerd.stop();
  await agent();
  await coordinator();
  await waitUntil(
    async () => (await programs.view()).runtime?.failure?.kind === 'RuntimeUnavailable',
    'a report',
    15_000,
  );
  await containerd.start();
  const cell = await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect(cell.pull?.doneBytes).toBeGreaterThan(MIB);
});

test('a corrupt state file is set aside and said so, and the agent goes on', async () => {
  const image = publish('corrupt-state', 1);
  programs.ask([image]);
  await coordinator();
  const first = await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await first.child.stop();
  const folder = join(scratch.path, `t${tests}`, 'state');
  writeFileSync(join(folder, 'state.json'), '{"plan": {"revision"');
  const second = await agent();
  await waitUntil(() => second.logged('the state file cannot be used').length > 0, 'the warning', 10_000);
  await waitUntil(async () => (await programs.view()).agent === 'Reporting', 'a report', 10_000);
  expect(readdirSync(folder)).toContain('state.json.corrupt');
});

test('an agent whose state cannot be written says so once and goes on, and writes it once there is room', async () => {
  const image = publish('full-disk', 1);
  programs.ask([image]);
  const folder = join(scratch.path, `t${tests}`, 'state');
  const makeRoom = fillDisk(folder);
  await coordinator();
  const { logged } = await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await waitUntil(() => logged('the state file could not be written').length > 0, 'the warning', 10_000);
  makeRoom();
  await waitUntil(() => readdirSync(folder).includes('state.json'), 'the state file', 30_000);
  expect(readFileSync(join(folder, 'state.json'), 'utf8')).toContain(image);
  expect(logged('the state file could not be written')).toHaveLength(1);
});

test('as its pod confines it, an agent pulls, keeps its state, and sees how full the disk is', async () => {
  const image = publish('confined', 1);
  programs.ask([image]);
  await coordinator();
  const state = join(scratch.path, `t${tests}`, 'state');
  mkdirSync(state);
  // Only the state folder can be written to, and root has no capability.
  const enter = `mount --bind ${state} ${state} && mount -o remount,bind,ro / && exec "$@"`;
  const drop = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
  const confined = ['unshare', '--mount', 'sh', '-ec', enter, 'sh', ...drop];
  const full = await agent({ 'disk-max-used-percent': '1', 'ops-listen': ':0' }, confined);
  await programs.until(image, ({ waitingFor }) => waitingFor === 'Disk', 'held back');
  expect(readFileSync(`/proc/${full.child.pid}/status`, 'utf8')).toMatch(/^CapBnd:\t0{16}$/m);
  expect((await fetch((await full.ops()).replace('[::]', '127.0.0.1'))).status).toBe(404);
  await full.child.stop();
  expect(readFileSync(join(state, 'state.json'), 'utf8')).toContain(image);
  await agent({}, confined);
  await programs.until(image, ({ state: cell }) => cell === 'Present', 'present');
});

test('promtool finds nothing wrong with the metrics, and they count what happened', async () => {
  await needDebianPackages([{ package: 'prometheus', program: 'promtool', why: 'check the metrics' }]);
  const image = publish('counted', 2);
  programs.ask([image, `${registry.address}/t${tests}/missing:1`]);
  await coordinator();
  const { ops } = await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await programs.until(`${registry.address}/t${tests}/missing:1`, ({ state }) => state === 'Failed', 'failed');
  const text = await (await fetch(`${await ops()}/metrics`)).text();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  for (const line of [
    'kube_prefetch_agent_pulls_total{result="pulled",kind="none"} 1',
    'kube_prefetch_agent_pulls_total{result="failed",kind="NotFound"} 1',
    'kube_prefetch_agent_images{state="Present"} 1',
    'kube_prefetch_agent_images{state="Failed"} 1',
    'kube_prefetch_agent_runtime_up 1',
    'kube_prefetch_agent_pull_duration_seconds_count{result="pulled"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(Number(/^kube_prefetch_agent_pulled_bytes_total (\d+)/m.exec(text)?.[1])).toBeGreaterThan(2 * MIB);
  expect(Number(/^kube_prefetch_agent_coordinator_last_contact_timestamp_seconds (\S+)/m.exec(text)?.[1])).toBeCloseTo(
    Date.now() / 1000,
    -2,
  );
  expect(text).not.toContain(registry.address);
});
