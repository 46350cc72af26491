import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '@kube-prefetch/lab/machine';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface RunningDemo {
  /** Everything printed so far. */
  output(): string;
  /** Until the text was printed. */
  printed(text: string): Promise<unknown>;
  /** As a terminal would on Ctrl-C: to npm, its shell and the demo alike. */
  signal(name: NodeJS.Signals): void;
  /** Throws with everything printed when it does not end so: with an exit code, or by a signal. */
  ends(how: number | NodeJS.Signals): Promise<void>;
  /** What it left on the machine, a line each. */
  leftovers(): readonly string[];
  /** For the end of a test that failed half-way. */
  [Symbol.dispose](): void;
}

/** Runs the command that starts a demo without a terminal, with a temporary folder of its own to find leftovers by. */
export function runDemo(command: string): RunningDemo {
  const temporary = mkdtempSync(join(tmpdir(), 'kpd-'));
  const child = spawn('bash', ['-c', command], {
    cwd: ROOT,
    // npm's cache of compiled code would lie in the temporary folder.
    env: { ...process.env, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1', npm_config_loglevel: 'silent' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: Buffer) => void (text += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const end = new Promise<number | NodeJS.Signals | null>(resolve => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  return {
    output: () => text,
    printed: wanted => waitUntil(() => text.includes(wanted), `the demo to print "${wanted}"`, 300_000),
    signal: name => signalGroup(child, name),
    async ends(how) {
      const got = await end;
      if (got !== how) throw new Error(`expected the demo to end with ${how}, got ${got}:\n${text}`);
    },
    leftovers: () => [...readdirSync(temporary), ...mountsIn(temporary), ...processesOf(temporary)],
    [Symbol.dispose]() {
      if (child.exitCode === null && child.signalCode === null) signalGroup(child, 'SIGKILL');
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  process.kill(-(child.pid as number), name);
}

function mountsIn(folder: string): readonly string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter(line => line.includes(folder));
}

function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => commandOf(pid))
    .filter(command => command.includes(folder));
}

/** Empty for a process that is gone by now. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
