import { mkdirSync } from 'node:fs';
import { cgroupFolders, removeCgroup } from './cgroups.ts';
import { guardAgainstOurEnd } from './guard.ts';

/** Makes a cgroup at the top of every hierarchy that is gone at the end, however we end; answers how to remove it. */
export function guardedCgroup(name: string): () => void {
  const release = guardAgainstOurEnd({ kind: 'cgroup', value: name });
  for (const folder of cgroupFolders(name)) mkdirSync(folder, { recursive: true });
  return () => {
    removeCgroup(name);
    release();
  };
}
