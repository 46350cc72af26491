import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild, waitUntil } from '../machine/index.ts';
import { goBuild } from '../set-up/index.ts';

const READY_MS = 180_000;

export interface StrictCri {
  readonly socket: string;
  pid(): number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Again on the same socket. */
  start(): Promise<void>;
}

/** A CRI server that refuses what CRI-O's would refuse, and has a containerd do the work; strict-cri/main.go says how strict. */
export async function startStrictCri(dir: string, containerdSocket: string): Promise<StrictCri> {
  const source = fileURLToPath(new URL('strict-cri', import.meta.url));
  const folder = await goBuild({ name: 'strict-cri', source, takes: 'up to 2 minutes on 2 cores' });
  const socket = join(dir, 'crio.sock');
  let child: Child | undefined;

  const server: StrictCri = {
    socket,
    pid: () => (child as Child).pid,
    async stop() {
      await child?.stop();
    },
    async kill() {
      await child?.kill();
    },
    async start() {
      rmSync(socket, { force: true }); // A killed one leaves it behind.
      child = await startChild({
        name: 'strict-cri',
        command: join(folder, 'strict-cri'),
        args: [socket, containerdSocket],
        logFile: join(dir, 'strict-cri.log'),
      });
      await waitUntil(() => existsSync(socket), `a socket at ${socket}`, READY_MS, { child });
    },
  };
  await server.start();
  return server;
}
