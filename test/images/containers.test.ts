import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImages } from '@kube-prefetch/lab/build-images';
import { buildImage, type Image } from '@kube-prefetch/lab/images';
import { freePort, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { pushImage, type Registry, startRegistry } from '@kube-prefetch/lab/debian-registry';
import { type Containerd, startContainerd } from '@kube-prefetch/lab/runtimes';
import type { CellReport, NodeView } from '@kube-prefetch/protocol';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

/** Both images as a pod would run them: read-only, without capabilities, under the default seccomp profile. */
const PROGRAMS = ['coordinator', 'agent'] as const;
const NONROOT = 65532;
const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP ' +
  'NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
).split(' ');
const LOCKED_DOWN = ['--read-only', '--seccomp', ...CAPABILITIES.flatMap(name => ['--cap-drop', `CAP_${name}`])];

const scratch = scratchFolder('kp-images');
const images: Record<string, string> = {};
const entrypoints: Record<string, readonly string[]> = {};
let registry: Registry;
let containerd: Containerd;

beforeAll(async () => {
  registry = await startRegistry({ dir: join(scratch.path, 'registry') });
  const registries = [registry.address];
  containerd = await startContainerd({ dir: join(scratch.path, 'c'), version: 'debian', registries });
  const cri = connectCri(containerd.socket);
  for (const [program, built] of Object.entries(await buildImages())) {
    await pushImage(registry.address, program, '1', built);
    const image = `${registry.address}/${program}:1`;
    images[program] = image;
    entrypoints[program] = entrypointOf(built);
    await cri.images.pullImage({ image: { image } });
  }
});
afterAll(async () => {
  await containerd?.stop();
  await registry?.stop();
  scratch.remove();
});

function entrypointOf({ blobs: [config] }: Image): readonly string[] {
  return (JSON.parse(String(config?.contents)) as { config: { Entrypoint: string[] } }).config.Entrypoint;
}

test.each(PROGRAMS)('the %s says its version and its settings', async program => {
  const runWith = (argument: string) => {
    const command = [...(entrypoints[program] ?? []), argument];
    return containerd.runContainer(images[program] ?? '', { flags: LOCKED_DOWN, command });
  };
  expect(await runWith('--version')).toBe(`${program} 0.1.0`);
  expect(await runWith('--help')).toContain('KUBE_PREFETCH_OPS_LISTEN');
});

interface Running {
  readonly pid: number;
  /** What it logged, once it has ended well. */
  readonly ended: Promise<string>;
}

/** With the host's network, and folders of this machine at other paths inside. */
async function start(
  program: string,
  folders: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  const pidFile = join(scratch.path, `${program}.pid`);
  rmSync(pidFile, { force: true }); // of one that ran before
  const mounts = Object.entries(folders).map(([to, from]) => `type=bind,src=${from},dst=${to}`);
  const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `KUBE_PREFETCH_${name}=${value}`]);
  const flags = [...LOCKED_DOWN, ...env, ...mounts.flatMap(mount => ['--mount', mount])];
  const ended = containerd.runContainer(images[program] ?? '', {
    flags: [...flags, '--net-host', '--pid-file', pidFile],
  });
  ended.catch(() => {}); // whoever waits for it hears of it
  const pid = await waitUntil(() => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')), program, SOON_MS);
  return { pid, ended };
}

function statusOf({ pid }: Running, field: string): string {
  return new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

test('in containers, without root for one and without capabilities for both, they keep to the disk limit and make an image warm', async () => {
  await pushImage(registry.address, 'wanted', '1', buildImage({ sizeMiB: 1 }));
  const image = `${registry.address}/wanted:1`;
  const [manifests, status, state] = ['manifests', 'status', 'state'].map(name => join(scratch.path, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [manifests, status, state]) mkdirSync(folder);
  chownSync(status, NONROOT, NONROOT);
  writeFileSync(
    join(manifests, 'all.yaml'),
    `apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\napiVersion: kube-prefetch.io/v1alpha1\nkind: ClusterPrefetch\nmetadata: {name: p}\nspec: {images: ["${image}"]}\n`,
  );
  const ports = {
    agents: await freePort(),
    admin: await freePort(),
    ops: await freePort(),
    agentOps: await freePort(),
  };
  const on = (port: number) => `127.0.0.1:${port}`;
  const coordinator = await start(
    'coordinator',
    { '/manifests': `${manifests},options=rbind:ro`, '/status': `${status},options=rbind:rw` },
    {
      MANIFESTS: '/manifests',
      STATUS_DIR: '/status',
      LISTEN: on(ports.agents),
      ADMIN_LISTEN: on(ports.admin),
      OPS_LISTEN: on(ports.ops),
    },
  );
  const startAgent = (diskMaxUsedPercent: number) =>
    start(
      'agent',
      {
        '/run/containerd': `${join(scratch.path, 'c')},options=rbind:ro`,
        '/var/lib/kube-prefetch': `${state},options=rbind:rw`,
      },
      {
        COORDINATOR: `http://${on(ports.agents)}`,
        NODE: 'n1',
        OPS_LISTEN: on(ports.agentOps),
        DISK_SEEN_THROUGH: 'own-root',
        DISK_MAX_USED_PERCENT: String(diskMaxUsedPercent),
      },
    );
  const get = (port: number, path: string) => fetch(`http://${on(port)}${path}`);
  const untilCell = (holds: (cell: CellReport) => boolean, what: string) =>
    waitUntil(
      async () => {
        const view = (await (await get(ports.admin, '/v1/nodes/n1')).json()) as NodeView;
        return view.images.some(({ image: name, cell }) => name === image && cell !== undefined && holds(cell));
      },
      what,
      SOON_MS,
    );
  const end = async ({ pid, ended }: Running) => {
    process.kill(pid, 'SIGTERM');
    expect(await ended).toContain('"msg":"stopped"');
  };

  // No folder of the disk is mounted: that more than 1 % of it is used, the agent sees through its own root.
  const limited = await startAgent(1);
  await untilCell(cell => cell.state === 'Waiting' && cell.waitingFor === 'Disk', 'the image to wait for the disk');
  await end(limited);
  const agent = await startAgent(99);
  await waitUntil(async () => (await get(ports.agentOps, '/readyz')).ok, 'the agent to be ready', SOON_MS);
  await untilCell(cell => cell.state === 'Present', 'the image to be warm');

  expect((await get(ports.agentOps, '/healthz')).ok).toBe(true);
  expect((await get(ports.ops, '/healthz')).ok).toBe(true);
  expect(statusOf(coordinator, 'Uid').split('\t')[0]).toBe(String(NONROOT));
  expect(statusOf(agent, 'Uid').split('\t')[0]).toBe('0');
  for (const running of [coordinator, agent]) {
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb']) expect(Number(statusOf(running, set))).toBe(0);
    expect(statusOf(running, 'NoNewPrivs')).toBe('1');
    expect(statusOf(running, 'Seccomp')).toBe('2');
  }
  for (const running of [agent, coordinator]) await end(running);
});
