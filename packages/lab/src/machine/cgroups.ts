import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { guardAgainstOurEnd } from './guard.ts';

const TOP = '/sys/fs/cgroup';
const TRIES = 50;
const PAUSE_MS = 100;

/** In the one hierarchy of version 2, in each controller's of version 1. */
function cgroupFolders(name: string): readonly string[] {
  if (existsSync(join(TOP, 'cgroup.controllers'))) return [join(TOP, name)];
  const hierarchies = readdirSync(TOP, { withFileTypes: true }).filter(entry => entry.isDirectory());
  return hierarchies.map(entry => join(TOP, entry.name, name));
}

/**
 * With those inside, inner ones first. Synchronous, because it also runs while a process dies; waits a moment for killed
 * processes to leave.
 */
export function removeCgroup(name: string): void {
  const left = () => cgroupFolders(name).filter(folder => existsSync(folder));
  for (let tries = 0; tries < TRIES && left().length > 0; tries++) {
    if (tries > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    for (const folder of left()) removeTree(folder);
  }
}

function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch {
    // gone already, or still in use: seen by whoever looks again
  }
}

/** Makes a cgroup at the top of every hierarchy that is gone at the end, however we end; answers how to remove it. */
export function guardedCgroup(name: string): () => void {
  const release = guardAgainstOurEnd({ kind: 'cgroup', value: name });
  for (const folder of cgroupFolders(name)) mkdirSync(folder, { recursive: true });
  return () => {
    removeCgroup(name);
    release();
  };
}
