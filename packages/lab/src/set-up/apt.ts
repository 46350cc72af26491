import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Say, guardAgainstOurEnd } from '../machine/index.ts';

const run = promisify(execFile);
const POLICY = '/usr/sbin/policy-rc.d';
/** 101: "action forbidden by policy". Debian's maintainer scripts ask this file before they start a service. */
const START_NOTHING = '#!/bin/sh\nexit 101\n';
/** How apt and dpkg say that another one is at work; apt has four locks, and can be told to wait for one of them only. */
const BUSY = /^E: (Could not get lock .*)|lock was locked by another process.*/m;
const LOOK_AGAIN_MS = 2000;
const LONGEST_WAIT_MS = 20 * 60_000;

export interface AptOptions {
  readonly say?: Say;
  readonly policyFile?: string;
  /** How long to wait between two looks whether another apt is done. */
  readonly lookAgainMs?: number;
}

/** Installs Debian packages without what they recommend and without starting their services. Root only, one call at a time. */
export async function installPackages(
  names: readonly string[],
  { say, policyFile = POLICY, lookAgainMs = LOOK_AGAIN_MS }: AptOptions & { say: Say },
): Promise<void> {
  const found = await readFile(policyFile, 'utf8').catch(() => undefined);
  const before = found === START_NOTHING ? undefined : found; // one of ours that was killed left it
  const release = before === undefined ? guardAgainstOurEnd({ kind: 'folder', value: policyFile }) : () => {};
  await writeFile(policyFile, START_NOTHING, { mode: 0o755 });
  try {
    await aptGet(['update'], say, lookAgainMs);
    await aptGet(['install', '--yes', '--no-install-recommends', ...names], say, lookAgainMs);
  } finally {
    if (before === undefined) await rm(policyFile, { force: true });
    else await writeFile(policyFile, before);
    release();
  }
}

/** Waits for other apts of this machine, and says so once. */
async function aptGet(args: readonly string[], say: Say, lookAgainMs: number): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const untilMs = performance.now() + LONGEST_WAIT_MS;
  for (let tries = 1; ; tries++) {
    try {
      await run('apt-get', ['-o', 'Acquire::Retries=3', ...args], { env, maxBuffer: 64 * 1024 * 1024 });
      return;
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim() || String(error);
      const busy = BUSY.exec(said);
      if (busy === null || performance.now() > untilMs) {
        throw new Error(`apt-get ${args.join(' ')} failed: ${said}`, { cause: error });
      }
      if (tries === 1) say(`Waiting for another apt: ${busy[1] ?? busy[0]}`);
      await sleep(lookAgainMs);
    }
  }
}
