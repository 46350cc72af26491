import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** The scratch folder that `path` lies in unmounts it at the end. */
export function mountSmallDisk(path: string, capacityBytes: number): void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${capacityBytes}`, 'tmpfs', path]);
}
