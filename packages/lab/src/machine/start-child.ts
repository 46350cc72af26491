import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardAgainstOurEnd } from './guard.ts';

/** Longer than our own programs give themselves, on a busy machine too. */
const GRACE_MS = 30_000;

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** On top of our own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Both outputs, appended. */
  readonly logFile: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child in a process group of its own, which dies with us however we end. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  running(): boolean;
  /** SIGTERM, and SIGKILL to the whole group when that did not end it in time. */
  stop(graceMs?: number): Promise<Exit>;
  /** SIGKILL to the whole group: a crash. */
  kill(): Promise<Exit>;
}

export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args = [], env, cwd, logFile } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', cause =>
      reject(new Error(`could not start ${name} (${command}): ${cause.message}`, { cause })),
    );
  });
  const pid = child.pid as number;
  const release = guardAgainstOurEnd({ kind: 'group', value: String(pid) });
  let ended = false;
  const exited = new Promise<Exit>(resolve => {
    child.once('exit', (code, signal) => {
      ended = true;
      signalGroup(pid, 'SIGKILL'); // what it left behind in its group
      release();
      resolve({ code, signal });
    });
  });
  const kill = () => {
    if (!ended) signalGroup(pid, 'SIGKILL');
    return exited;
  };
  return {
    name,
    pid,
    logFile,
    exited,
    running: () => !ended,
    kill,
    async stop(graceMs = GRACE_MS) {
      if (!ended) child.kill('SIGTERM');
      const timer = new AbortController();
      await Promise.race([exited, sleep(graceMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
      return kill();
    },
  };
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // the group is empty
  }
}
