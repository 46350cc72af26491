import type { ImageRef } from '@kube-prefetch/protocol';
import type { Space } from '@kube-prefetch/runtime';
import type { RunningPull } from './running-pull.ts';

/**
 * What an image takes while it is pulled and afterwards, as a multiple of the compressed size: the compressed layers plus
 * what they unpack to, taken as twice that. Where a size is Docker's, which counts unpacked, this leaves room to spare.
 */
const DISK_PER_BYTE = 3;

export interface DiskLimit {
  readonly space: Space | 'unknown';
  readonly maxUsedPercent: number;
  /** Of images, as some runtime once reported them. */
  readonly sizes: ReadonlyMap<ImageRef, number>;
}

/** The bytes that pulls may still begin to write; Infinity where nothing is known of the file system. */
export function freeForPulls({ space, maxUsedPercent, sizes }: DiskLimit, running: Iterable<RunningPull>): number {
  if (space === 'unknown') return Number.POSITIVE_INFINITY;
  let freeBytes = (space.capacityBytes * maxUsedPercent) / 100 - space.usedBytes;
  for (const pull of running) freeBytes -= stillToWrite(pull, sizes.get(pull.image));
  return freeBytes;
}

/** 0 for an image of which nobody knows the size: it may start as long as anything may. */
export function bytesToWrite(image: ImageRef, sizes: ReadonlyMap<ImageRef, number>): number {
  return (sizes.get(image) ?? 0) * DISK_PER_BYTE;
}

/** What arrived already is in the space used; unpacking is counted in full until it is done. */
function stillToWrite({ progress }: RunningPull, sizeBytes = 0): number {
  const totalBytes = Math.max(sizeBytes, progress?.totalBytes ?? 0);
  return Math.max(0, totalBytes * DISK_PER_BYTE - (progress?.doneBytes ?? 0));
}
