import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandPrefix, runIn, startChild, waitUntil } from '../machine/index.ts';
import { goBuild } from '../set-up/index.ts';

const PORT = 5001;
const READY_MS = 60_000;

export interface PeerMirrorOptions {
  /** Of the node. */
  readonly name: string;
  readonly dir: string;
  readonly prefix: CommandPrefix;
  /** Of its containerd, as the node sees it. */
  readonly socket: string;
  readonly address: string;
  /** Addresses of the other nodes. */
  readonly peers: readonly string[];
}

export interface PeerMirror {
  /** Of containerd's folder of hosts: from now on it asks the mirror before the registry, unless told otherwise also what a tag stands for. */
  standBefore(registry: string, capabilities?: readonly ('pull' | 'resolve')[]): void;
  stop(): Promise<void>;
}

/** Serves what a node's containerd holds to other nodes, and its containerd what they hold; peer-mirror/main.go says how. */
export async function startPeerMirror(options: PeerMirrorOptions): Promise<PeerMirror> {
  const { name, dir, prefix, socket, address, peers } = options;
  const source = fileURLToPath(new URL('peer-mirror', import.meta.url));
  const folder = await goBuild({ name: 'peer-mirror', source, takes: 'up to 2 minutes on 2 cores' });
  const at = (host: string) => `${host}:${PORT}`;
  const [command = '', ...args] = [...prefix, join(folder, 'peer-mirror'), socket, at(address), ...peers.map(at)];
  const child = await startChild({ name: `peer-mirror ${name}`, command, args, logFile: join(dir, 'peer-mirror.log') });
  const ready = async () =>
    (await runIn(prefix, 'curl', ['-sS', '--max-time', '5', `http://${at(address)}/v2/`])) === '';
  await waitUntil(ready, `the mirror of ${name}`, READY_MS, { child });
  return {
    standBefore(registry, capabilities = ['pull', 'resolve']) {
      const host = `[host."http://${at(address)}"]\n  capabilities = ${JSON.stringify(capabilities)}\n`;
      writeFileSync(join(dir, 'certs.d', registry, 'hosts.toml'), `server = "http://${registry}"\n${host}`);
    },
    async stop() {
      await child.stop();
    },
  };
}
