import { createInterface } from 'node:readline';
import { removeCgroup } from './cgroups.ts';
import { clearFolder } from './clear-folder.ts';
import type { Charge } from './guard.ts';

/** The guard: remembers what its parent hands over, and clears it away when the parent's end of the pipe closes. */
const charges = new Map<string, Charge>();

for await (const line of createInterface({ input: process.stdin })) {
  const { verb, kind, value } = JSON.parse(line) as Charge & { verb: 'take' | 'drop' };
  if (verb === 'take') charges.set(`${kind} ${value}`, { kind, value });
  else charges.delete(`${kind} ${value}`);
}
const left = [...charges.values()];
for (const { value } of left.filter(charge => charge.kind === 'group')) killGroup(Number(value));
for (const { value } of left.filter(charge => charge.kind === 'folder')) clearFolder(value);
for (const { value } of left.filter(charge => charge.kind === 'cgroup')) removeCgroup(value);

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // already gone
  }
}
