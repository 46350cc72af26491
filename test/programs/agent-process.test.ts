import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '@kube-prefetch/lab/images';
import { type Child, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import { type ScriptedRegistry, startScriptedRegistry } from '@kube-prefetch/lab/scripted-registry';
import type { CellReport } from '@kube-prefetch/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fillDisk } from './fill-disk.ts';
import { type Programs, preparePrograms } from './start-programs.ts';
import { SOON_MS } from '../patience.ts';
import { holdBack } from '../runtime/suspend.ts';

/** Real programs on a real containerd, whose registry sends layers whole when a test wants them to end. */
const scratch = scratchFolder('kp-line');
let registry: ScriptedRegistry;
let containerd: Containerd;
let programs: Programs;
const children: Child[] = [];
let tests = 0;

const MIB = 1024 * 1024;
/** A deleted image is back by an event; without one, only at the next regular look, a minute later. */
const BEFORE_THE_NEXT_LOOK_MS = 45_000;
/** Longer than the program gives itself. */
const GRACE_MS = 60_000;
const isDownloading = (cell: CellReport) => cell.state === 'Pulling' && (cell.pull?.doneBytes ?? 0) > 0;

beforeAll(async () => {
  registry = await startScriptedRegistry();
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

/** Makes downloads of the image last for minutes, until what is returned is called. */
function slowDown(image: string): () => void {
  const hurry = new AbortController();
  const blobs = { do: 'trickle', bytesPerSecond: MIB / 8, hurry: hurry.signal } as const;
  registry.behave(repositoryOf(image), { blobs });
  return () => hurry.abort();
}

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
  const image = publish('slow', 60);
  const hurry = slowDown(image);
  programs.ask([image]);
  const first = await coordinator();
  await agent();
  const before = await programs.until(image, isDownloading, 'downloading');
  const requests = layerRequests(image);
  await first.kill();
  await coordinator();
  const again = await programs.until(image, isDownloading, 'reported again');
  expect(again.pull?.elapsedMs).toBeGreaterThan(before.pull?.elapsedMs ?? 0);
  expect(again.pull?.doneBytes).toBeGreaterThanOrEqual(before.pull?.doneBytes ?? 0);
  hurry();
  const cell = await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect(cell.pull?.elapsedMs).toBeGreaterThan(again.pull?.elapsedMs ?? 0);
  expect(layerRequests(image)).toBe(requests);
});

test('an agent killed in mid-pull, and started again while no coordinator answers, pulls what was planned', async () => {
  const image = publish('planned', 60);
  slowDown(image);
  programs.ask([image]);
  const first = await coordinator();
  const killed = await agent();
  await programs.until(image, isDownloading, 'downloading');
  await waitUntil(
    () => readdirSync(join(scratch.path, `t${tests}`, 'state')).includes('state.json'),
    'the state',
    SOON_MS,
  );
  await Promise.all([first.kill(), killed.child.kill()]);
  registry.behave(repositoryOf(image), {});
  await agent();
  await waitUntil(() => isPresent(image), 'the image to be pulled without a coordinator', SOON_MS);
  await coordinator();
  const cell = await programs.until(image, ({ state }) => state === 'Present', 'reported to the new coordinator');
  expect(cell.failure).toBeUndefined();
});

test('of a pull the views say that the node downloads the image, then that it unpacks it', async () => {
  const image = `${registry.address}/t${tests}/zeros:1`;
  // Half a megabyte to download, and seconds to unpack.
  const zeros = { path: 'zeros', contents: Buffer.alloc(400 * MIB) };
  registry.publish(repositoryOf(image), '1', buildImage({ files: [zeros], copies: 2 }));
  const hurry = slowDown(image);
  programs.ask([image]);
  await coordinator();
  await agent();
  // containerd counts in steps of a megabyte: nothing of this layer before it is whole.
  const downloading = await programs.until(image, ({ pull }) => pull?.phase === 'Downloading', 'downloading');
  expect(downloading.state).toBe('Pulling');
  // A fast machine would have unpacked before a report says so.
  const letGo = holdBack(containerd.pid());
  hurry();
  const isUnpacking = ({ pull }: CellReport) => pull?.phase === 'Unpacking';
  const unpacking = await programs.until(image, isUnpacking, 'unpacking').finally(letGo);
  expect([unpacking.state, unpacking.pull?.doneBytes]).toEqual(['Pulling', unpacking.pull?.totalBytes]);
  const present = await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect(present.pull?.phase).toBeUndefined();
});

test('a runtime killed in mid-pull is reported, and pulled from again when its socket is back', async () => {
  const image = publish('interrupted', 60);
  slowDown(image);
  programs.ask([image]);
  await coordinator();
  const { ops } = await agent();
  await programs.until(image, isDownloading, 'downloading');
  await containerd.kill();
  await waitUntil(
    async () => (await programs.view()).runtime?.failure?.kind === 'RuntimeUnavailable',
    'a report',
    SOON_MS,
  );
  expect((await fetch(`${await ops()}/readyz`)).status).toBe(503);
  expect((await fetch(`${await ops()}/healthz`)).status).toBe(200);
  registry.behave(repositoryOf(image), {});
  await containerd.start();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect((await programs.view()).runtime?.failure).toBeUndefined();
  expect((await fetch(`${await ops()}/readyz`)).status).toBe(200);
});

test('an image deleted behind the agent is back without waiting for the next regular look', async () => {
  const image = publish('deleted', 1);
  programs.ask([image]);
  await coordinator();
  await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await containerd.ctr('images', 'rm', '--sync', image);
  expect(await waitUntil(() => isPresent(image), 'the image to be back', BEFORE_THE_NEXT_LOOK_MS)).toBe(true);
});

test('SIGTERM in mid-pull cancels it at the registry and ends the process well', async () => {
  const image = publish('cancelled', 60);
  slowDown(image);
  programs.ask([image]);
  await coordinator();
  const { child } = await agent();
  await programs.until(image, isDownloading, 'downloading');
  expect(await child.stop(GRACE_MS)).toEqual({ code: 0, signal: null });
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
  await waitUntil(async () => (await programs.view()).agent === 'Reporting', 'the first report', SOON_MS);
  await agent({ 'state-dir': join(scratch.path, `t${tests}`, 'other-state') });
  await waitUntil(() => !older.child.running(), 'the older one to end', SOON_MS);
  expect(await older.child.exited).toEqual({ code: 1, signal: null });
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
    SOON_MS,
  );
  await containerd.start();
  const counted = ({ state, pull }: CellReport) => state === 'Present' && pull?.doneBytes !== undefined;
  const cell = await programs.until(image, counted, 'present, with its bytes counted');
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
  await waitUntil(() => second.logged('the state file cannot be used').length > 0, 'the warning', SOON_MS);
  await waitUntil(async () => (await programs.view()).agent === 'Reporting', 'a report', SOON_MS);
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
  await waitUntil(() => logged('the state file could not be written').length > 0, 'the warning', SOON_MS);
  makeRoom();
  await waitUntil(() => readdirSync(folder).includes('state.json'), 'the state file', SOON_MS);
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

test("an agent that cannot see its runtime's disk says so once, in its metrics and in its view, and pulls", async () => {
  const image = publish('unseen', 2);
  programs.ask([image]);
  await coordinator();
  const hidden = 'mount -t tmpfs hidden "$0" && exec "$@"';
  const { logged, ops } = await agent({}, ['unshare', '--mount', 'sh', '-c', hidden, join(scratch.path, 'c', 'root')]);
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  expect((await programs.view()).runtime).toMatchObject({ diskUnseen: true });
  expect(await (await fetch(`${await ops()}/metrics`)).text()).toContain('kube_prefetch_agent_disk_visible 0\n');
  expect(logged('the disk limit is not kept')).toHaveLength(1);
});

test('promtool finds nothing wrong with the metrics, and they count what happened', async () => {
  await needDebianPackages(['prometheus']);
  const image = publish('counted', 2);
  programs.ask([image, `${registry.address}/t${tests}/missing:1`]);
  await coordinator();
  const { ops } = await agent();
  await programs.until(image, ({ state }) => state === 'Present', 'present');
  await programs.until(`${registry.address}/t${tests}/missing:1`, ({ state }) => state === 'Failed', 'failed');
  const bytesIn = (text: string) => Number(/^kube_prefetch_agent_pulled_bytes_total (\d+)/m.exec(text)?.[1]);
  const scrape = async () => (await fetch(`${await ops()}/metrics`)).text();
  // Bytes are counted after the pull.
  await waitUntil(async () => bytesIn(await scrape()) > 0, 'the bytes to be counted', SOON_MS);
  const text = await scrape();
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
  expect(bytesIn(text)).toBeGreaterThan(2 * MIB);
  expect(Number(/^kube_prefetch_agent_coordinator_last_contact_timestamp_seconds (\S+)/m.exec(text)?.[1])).toBeCloseTo(
    Date.now() / 1000,
    -2,
  );
  expect(text).not.toContain(registry.address);
});
