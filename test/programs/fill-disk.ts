import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountSmallDisk } from '../runtime/mount-small-disk.ts';

const CAPACITY_BYTES = 64 * 1024;

/** Makes the folder a disk of its own that has no byte left, until what is returned is called. */
export function fillDisk(folder: string): () => void {
  mountSmallDisk(folder, CAPACITY_BYTES);
  const filler = join(folder, 'filler');
  writeFileSync(filler, Buffer.alloc(CAPACITY_BYTES));
  return () => rmSync(filler);
}
