import type { ImageRef } from '@kube-prefetch/protocol';
import type { Space } from '@kube-prefetch/runtime';
import type { RunningPull } from './judge-pull.ts';

/**
 * How much of the disk an image takes for each byte of its compressed size: the compressed layers, and what they unpack to,
 * taken as twice that. Docker counts unpacked bytes; there this leaves room to spare.
 */
const DISK_PER_BYTE = 3;

export interface DiskLimit {
  readonly space: Space | 'unknown';
  readonly maxUsedPercent: number;
  /** As some runtime once reported them. */
  readonly sizes: ReadonlyMap<ImageRef, number>;
}

/** How many bytes further pulls may write; Infinity where nothing is known of the file system. */
export function freeForPulls({ space, maxUsedPercent, sizes }: DiskLimit, running: Iterable<RunningPull>): number {
  if (space === 'unknown') return Number.POSITIVE_INFINITY;
  let freeBytes = (space.capacityBytes * maxUsedPercent) / 100 - space.usedBytes;
  for (const pull of running) freeBytes -= stillToWrite(pull, sizes.get(pull.image));
  return freeBytes;
}

/** 0 where nobody knows the size: such an image may start as long as any may. */
export function bytesToWrite(image: ImageRef, sizes: ReadonlyMap<ImageRef, number>): number {
  return (sizes.get(image) ?? 0) * DISK_PER_BYTE;
}

/** Bytes that arrived are in the space used already. Unpacked bytes count in full until the pull is done. */
function stillToWrite({ progress }: RunningPull, sizeBytes = 0): number {
  const totalBytes = Math.max(sizeBytes, progress?.totalBytes ?? 0);
  return Math.max(0, totalBytes * DISK_PER_BYTE - (progress?.doneBytes ?? 0));
}
