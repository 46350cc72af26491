import { readdir, readFile } from 'node:fs/promises';
import { type Fixture, RELEASE } from './fixture.ts';

/** The process of ours in a pod of the release, as this machine numbers it. */
export async function processOf(fixture: Fixture, pod: string): Promise<number> {
  const { metadata } = await fixture.get('pod', pod, `-n=${RELEASE}`);
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const [cgroup, command] = await Promise.all(['cgroup', 'cmdline'].map(file => contents(`/proc/${pid}/${file}`)));
    if (cgroup?.includes(metadata.uid) && command?.includes('/app/')) return Number(pid);
  }
  throw new Error(`expected a process of the pod ${pod}, found none`);
}

/** Of a process that has just ended: nothing. */
function contents(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
