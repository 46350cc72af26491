import { readdirSync, readFileSync, readlinkSync, existsSync } from 'node:fs';
import { basename } from 'node:path';

/** Where a cluster was: its folder, and the processes that hold its namespaces open. */
export interface Whereabouts {
  readonly folder: string;
  readonly holders: readonly number[];
}

/** Taken while it runs; answers what is left of it on this machine, a line each. */
export function leftoversOf({ folder, holders }: Whereabouts): () => readonly string[] {
  const namespaces = new Set(holders.flatMap(pid => ['net', 'mnt'].map(kind => namespaceOf(String(pid), kind))));
  for (const kind of ['net', 'mnt']) namespaces.delete(namespaceOf('self', kind));
  const inside = (pid: string) =>
    commandOf(pid).includes(folder) || ['net', 'mnt'].some(kind => namespaces.has(namespaceOf(pid, kind)));
  return () => [
    ...(existsSync(folder) ? [folder] : []),
    ...readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter(line => line.includes(folder)),
    ...readdirSync('/sys/fs/cgroup', { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .flatMap(entry => [
        entry.name,
        ...readdirSync(`/sys/fs/cgroup/${entry.name}`).map(name => `${entry.name}/${name}`),
      ])
      .filter(path => path.includes(basename(folder))),
    ...readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && inside(name))
      .map(pid => `${pid} ${commandOf(pid)}`),
  ];
}

function namespaceOf(pid: string, kind: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return ''; // gone by now
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // gone by now
  }
}
