import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel's clock ticks per second, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const MIB = 1024 * 1024;

export function residentMiB(pid: number): number {
  return memoryOf(pid, 'VmRSS');
}

/** The most that it ever held. */
export function peakMiB(pid: number): number {
  return memoryOf(pid, 'VmHWM');
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return (Number(kib) * 1024) / MIB;
}

/** User and system time that the process has used since its start. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that the process held while `work` ran. */
export async function peakWhile<T>(pid: number, work: Promise<T>): Promise<{ result: T; peakMiB: number }> {
  let peakMiB = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      peakMiB = Math.max(peakMiB, residentMiB(pid));
      await sleep(50);
    }
  })();
  const result = await work.finally(() => (over = true));
  await watching;
  return { result, peakMiB };
}
