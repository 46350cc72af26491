import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ESTABLISHED = '01';

/** How many connections the process has to a port of 127.0.0.1, as the kernel counts them. */
export function establishedSockets(pid: number, port: number): number {
  const own = socketsOf(pid);
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const [, ...lines] = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n');
  return lines.filter(line => {
    const [, , to, state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return to === remote && state === ESTABLISHED && own.has(inode);
  }).length;
}

/** Inodes. */
function socketsOf(pid: number): ReadonlySet<string> {
  const found = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) found.add(inode);
  }
  return found;
}

/** Empty where it was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
