import { readlink } from 'node:fs/promises';
import { type Child, type CommandPrefix, runIn, startChild, waitUntil } from '../../machine/index.ts';

const READY_MS = 120_000;

/** Namespaces of this machine, which end with the process that holds them open. */
export interface Namespaces {
  readonly prefix: CommandPrefix;
  readonly pid: number;
  /** A shell script there, which ends at the first command that fails. */
  script(text: string): Promise<string>;
  close(): Promise<void>;
}

export interface NamespacesOptions {
  readonly name: string;
  /** `net`: a network of its own. `mnt`: mounts that nobody else sees. */
  readonly kinds: readonly ('net' | 'mnt')[];
  readonly logFile: string;
}

export async function holdNamespaces({ name, kinds, logFile }: NamespacesOptions): Promise<Namespaces> {
  const unshare = kinds.includes('mnt') ? ['--net', '--mount', '--propagation', 'private'] : ['--net'];
  const child = await startChild({ name, command: 'unshare', args: [...unshare, 'sleep', 'infinity'], logFile });
  await waitUntil(() => entered(child, kinds), `${name}'s namespaces`, READY_MS, { child });
  const enter = kinds.includes('mnt') ? ['--net', '--mount'] : ['--net'];
  const prefix = ['nsenter', '--target', String(child.pid), ...enter, '--'];
  return {
    prefix,
    pid: child.pid,
    script: text => runIn(prefix, 'sh', ['-ec', text]),
    async close() {
      await child.kill();
    },
  };
}

async function entered(child: Child, kinds: NamespacesOptions['kinds']): Promise<boolean> {
  const own = (kind: string) => readlink(`/proc/${child.pid}/ns/${kind}`);
  const ours = (kind: string) => readlink(`/proc/self/ns/${kind}`);
  const different = await Promise.all(kinds.map(async kind => (await own(kind)) !== (await ours(kind))));
  return different.every(Boolean);
}
