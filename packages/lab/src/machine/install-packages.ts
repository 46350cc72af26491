import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLICY = '/usr/sbin/policy-rc.d';
/** 101: "action forbidden by policy". Debian's maintainer scripts ask this file before they start a service. */
const START_NOTHING = '#!/bin/sh\nexit 101\n';
const QUIET = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 };
/** Another apt may be at work on this machine. */
const WAIT_FOR_LOCK = ['-o', 'DPkg::Lock::Timeout=300'];

/** Installs Debian packages without what they recommend and without starting their services. Root only. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const before = await readFile(POLICY).catch(() => undefined);
  await writeFile(POLICY, START_NOTHING, { mode: 0o755 });
  try {
    await aptGet(['update']);
    await aptGet(['install', '--yes', '--no-install-recommends', ...names]);
  } finally {
    if (before === undefined) await rm(POLICY, { force: true });
    else await writeFile(POLICY, before);
  }
}

async function aptGet(args: readonly string[]): Promise<void> {
  try {
    await run('apt-get', [...WAIT_FOR_LOCK, ...args], QUIET);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`apt-get ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, { cause: error });
  }
}
