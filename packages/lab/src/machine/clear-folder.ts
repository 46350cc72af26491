import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';

/** Programs that outlive whoever started them; found by the folder in their arguments. */
const OUTLIVING = /^containerd(-shim.*)?$/;

/**
 * Ends the shims and containers of runtimes that lived in the folder, unmounts what is mounted inside, and removes it.
 * Synchronous, because it also runs while a process dies.
 */
export function clearFolder(folder: string): void {
  for (const pid of shimsOf(folder)) {
    for (const child of childrenOf(pid)) killNow(child);
    killNow(pid);
  }
  for (const point of mountsIn(folder)) execFileSync('umount', ['-l', point], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function shimsOf(folder: string): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      const [program = '', ...args] = read(`/proc/${pid}/cmdline`).split('\0');
      return OUTLIVING.test(basename(program)) && args.some(arg => arg.startsWith(`${folder}/`));
    })
    .map(Number);
}

function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Inner ones first. */
function mountsIn(folder: string): readonly string[] {
  const points = read('/proc/mounts')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .map(point => point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return points.filter(point => point === folder || point.startsWith(`${folder}/`)).toReversed();
}

/** Empty where there is nothing (any more): processes come and go. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // already gone
  }
}
