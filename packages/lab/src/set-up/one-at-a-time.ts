import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';
import { findProgram } from './find-program.ts';
import { type Say, sayToStderr } from '../machine/index.ts';

/** Exit code of flock for "somebody else has it". */
const TAKEN = 75;
const LONGEST_WAIT_SECONDS = 3600;

export interface Turn {
  /** Stands for what must not run twice; every process that names it takes turns. */
  readonly file: string;
  /** Completes "which is …", for those who wait. */
  readonly doing: string;
  readonly say?: Say;
}

/**
 * Runs `work` while no other call of this process or another one runs under the same file. The kernel ends the turn of a
 * process that dies. Where there is no flock (other systems than Linux) nobody waits.
 */
export async function oneAtATime<T>({ file, doing, say = sayToStderr }: Turn, work: () => Promise<T>): Promise<T> {
  if (findProgram('flock') === undefined) return work();
  await mkdir(dirname(file), { recursive: true });
  const release = (await take(file, '--nonblock')) ?? (await wait(file, say));
  try {
    await writeFile(file, `process ${process.pid}, which is ${doing}`);
    return await work();
  } finally {
    await writeFile(file, '');
    await release();
  }
}

async function wait(file: string, say: Say): Promise<() => Promise<void>> {
  const other = await readHolder(file);
  say(`Waiting for ${other || `another process, which has ${file}`}`);
  const release = await take(file, '--timeout', String(LONGEST_WAIT_SECONDS));
  if (release !== undefined) return release;
  throw new Error(`waited ${LONGEST_WAIT_SECONDS} s in vain for ${other || `whoever has ${file}`}`);
}

/** Who has just taken it says so a moment later. */
async function readHolder(file: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const holder = await readFile(file, 'utf8');
    if (holder !== '' || tries === 10) return holder;
    await sleep(50);
  }
}

/** Undefined where somebody else has it. `cat` holds it: it answers once it runs, and ends when we let go or die. */
async function take(file: string, ...flags: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  const args = ['--conflict-exit-code', String(TAKEN), ...flags, file, 'cat'];
  // In a session of its own: Ctrl-C reaches us, and it ends after us.
  const flock = spawn('flock', args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(flock, 'exit') as Promise<[number | null]>;
  flock.stdin.on('error', () => {}); // it ended without reading
  flock.stdin.write('mine\n');
  const first = await Promise.race([once(flock.stdout, 'data'), exit]);
  if (first[0] instanceof Buffer) return () => letGo(flock, exit);
  if (first[0] === TAKEN) return undefined;
  throw new Error(`expected flock to take ${file}, it ended with ${first[0]}`);
}

async function letGo(flock: ChildProcessByStdio<Writable, Readable, null>, exit: Promise<unknown>): Promise<void> {
  flock.stdin.end();
  await exit;
}
