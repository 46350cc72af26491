import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { basename, join } from 'node:path';
import { type Child, type Say, startChild, waitUntil } from '../machine/index.ts';
import { findProgram, needDebianPackages } from '../set-up/index.ts';
import { startContainerd } from './start-containerd.ts';

const READY_MS = 180_000;

export interface DockerdOptions {
  /** Images, sockets, configuration and logs go here; belongs into a scratch folder, whose removal ends what is left. */
  readonly dir: string;
  /** Addresses of registries that speak plain HTTP. */
  readonly registries: readonly string[];
  /** Asked instead of Docker Hub. */
  readonly hubMirror?: string;
  /** Of one layer; 5, which take over a minute, if absent. */
  readonly maxDownloadAttempts?: number;
  readonly say?: Say;
}

export interface Dockerd {
  readonly socket: string;
  readonly logFile: string;
  pid(): number;
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** Again on the same socket, with the same images. */
  start(): Promise<void>;
  /** Ends its containerd too. */
  close(): Promise<void>;
}

/** A real Docker Engine that shares nothing with another one on this machine, and touches neither its network nor its firewall. */
export async function startDockerd(options: DockerdOptions): Promise<Dockerd> {
  const { dir } = options;
  await needDebianPackages(['docker.io', 'containerd', 'runc'], options);
  const containerd = await startContainerd({ ...options, dir: join(dir, 'c'), registries: [], version: 'debian' });
  const socket = join(dir, 'docker.sock');
  const logFile = join(dir, 'dockerd.log');
  const args = writeConfig(options, socket, containerd.socket);
  let child: Child | undefined;

  const dockerd: Dockerd = {
    socket,
    logFile,
    pid: () => (child as Child).pid,
    async stop() {
      await child?.stop();
    },
    async kill() {
      await child?.kill();
    },
    async start() {
      rmSync(pidFile(dir), { force: true }); // after a crash its number may be anybody's
      const command = findProgram('dockerd') as string;
      const started = await startChild({ name: `dockerd ${basename(dir)}`, command, args, logFile });
      child = started;
      await waitUntil(() => answersPing(socket), `dockerd on ${socket}`, READY_MS, { child: started });
    },
    async close() {
      await child?.stop();
      await containerd.stop();
    },
  };
  try {
    await dockerd.start();
  } catch (error) {
    await dockerd.close();
    throw error;
  }
  return dockerd;
}

/** A configuration file of its own, so that the machine's is not read. */
function writeConfig(
  { dir, registries, hubMirror, maxDownloadAttempts }: DockerdOptions,
  socket: string,
  containerdSocket: string,
): readonly string[] {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'daemon.json');
  const config = {
    hosts: [`unix://${socket}`],
    containerd: containerdSocket,
    'data-root': join(dir, 'data'),
    'exec-root': join(dir, 'exec'),
    pidfile: pidFile(dir),
    // Containers at the top: below the default, /docker, that folder would be left behind.
    'cgroup-parent': '/',
    bridge: 'none',
    iptables: false,
    ip6tables: false,
    'insecure-registries': registries,
    ...(hubMirror !== undefined && { 'registry-mirrors': [`http://${hubMirror}`] }),
    ...(maxDownloadAttempts !== undefined && { 'max-download-attempts': maxDownloadAttempts }),
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return ['--config-file', file];
}

function pidFile(dir: string): string {
  return join(dir, 'dockerd.pid');
}

/** Whether something with Docker's API is there. */
export function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const ping = request({ socketPath, path: '/_ping' }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('error', reject).end();
  });
}
