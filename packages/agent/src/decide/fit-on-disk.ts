import type { ImageRef } from '@kube-prefetch/protocol';
import type { Space } from '@kube-prefetch/runtime';
import type { RunningPull } from './judge-stall.ts';

/**
 * How much of the disk an image takes for each byte of its compressed size: the compressed layers, and what they unpack to,
 * taken as twice that. Docker counts unpacked bytes; there this leaves room to spare.
 */
const DISK_PER_BYTE = 3;

export interface DiskLimit {
  readonly space: Space | 'unknown';
  readonly maxUsedPercent: number;
  /** A pull was stopped for the disk just now: the runtime may still be deleting what it wrote. */
  readonly settling: boolean;
  /** As some runtime once reported them. */
  readonly sizes: ReadonlyMap<ImageRef, number>;
}

/** How many bytes further pulls may write; Infinity where nothing is known of the file system. */
export function freeForPulls({ space, maxUsedPercent, sizes }: DiskLimit, running: Iterable<RunningPull>): number {
  if (space === 'unknown') return Number.POSITIVE_INFINITY;
  let freeBytes = limitOf(space, maxUsedPercent) - space.usedBytes;
  for (const pull of running) freeBytes -= stillToWrite(pull, Math.max(sizes.get(pull.image) ?? 0, totalOf(pull)));
  return freeBytes;
}

/** 0 where nobody knows the size: such an image may start as long as any may. */
export function bytesToWrite(image: ImageRef, sizes: ReadonlyMap<ImageRef, number>): number {
  return (sizes.get(image) ?? 0) * DISK_PER_BYTE;
}

export interface DiskJudgement {
  /** Pulls whose total has just become known, and fits: they go on, and that many bytes are kept free for them. */
  readonly fit: readonly { readonly image: ImageRef; readonly sizeBytes: number }[];
  /** Pulls whose total has just become known, and does not fit. */
  readonly tooLarge: readonly ImageRef[];
  /** Pulls that must stop because the file system is past the limit already. */
  readonly overLimit: readonly ImageRef[];
}

/**
 * Which running pulls go on. Each total is judged once, when it becomes known. Afterwards a pull stops only if the disk really is
 * past the limit, not because an estimate has changed.
 *
 * | the file system            | the pull                          | it                                        |
 * | cannot be seen             | any                               | goes on                                   |
 * | is past the limit          | started last                      | stops, and more with it until enough is given back |
 * | has room for its total     | was counted with less             | goes on, counted with its total           |
 * | has no room for its total  | was counted with less             | stops, and waits for room                 |
 */
export function judgeRunning(disk: DiskLimit, running: readonly RunningPull[]): DiskJudgement {
  const going = running.filter(pull => !pull.cancelled);
  const overLimit = pastLimit(disk, running);
  const fit: { image: ImageRef; sizeBytes: number }[] = [];
  const tooLarge: ImageRef[] = [];
  const counted = going.filter(pull => totalOf(pull) <= (pull.sizeBytes ?? 0));
  let freeBytes = freeForPulls({ ...disk, sizes: new Map() }, counted);
  for (const pull of going) {
    if (counted.includes(pull) || overLimit.includes(pull.image)) continue;
    const needBytes = stillToWrite(pull, totalOf(pull));
    if (needBytes <= freeBytes) {
      fit.push({ image: pull.image, sizeBytes: totalOf(pull) });
      freeBytes -= needBytes;
    } else tooLarge.push(pull.image);
  }
  return { fit, tooLarge, overLimit };
}

export function isPastLimit(space: Space, maxUsedPercent: number): boolean {
  return space.usedBytes > limitOf(space, maxUsedPercent);
}

const limitOf = ({ capacityBytes }: Space, maxUsedPercent: number) => (capacityBytes * maxUsedPercent) / 100;

/** Stops the pull that started last first, so that those that have come furthest go on. A stopped pull gives its bytes back. */
function pastLimit(
  { space, maxUsedPercent, settling }: DiskLimit,
  running: readonly RunningPull[],
): readonly ImageRef[] {
  if (space === 'unknown' || settling) return [];
  let overBytes = space.usedBytes - limitOf(space, maxUsedPercent);
  const stops: ImageRef[] = [];
  for (const pull of running) if (pull.cancelled) overBytes -= pull.progress?.doneBytes ?? 0;
  for (const pull of running.toSorted((a, b) => b.startedAtMs - a.startedAtMs)) {
    if (overBytes <= 0) break;
    if (pull.cancelled) continue;
    stops.push(pull.image);
    overBytes -= pull.progress?.doneBytes ?? 0;
  }
  return stops;
}

const totalOf = ({ progress, sizeBytes }: RunningPull) => Math.max(sizeBytes ?? 0, progress?.totalBytes ?? 0);

/** Bytes that arrived are in the space used already. Unpacked bytes count in full until the pull is done. */
function stillToWrite({ progress, cancelled }: RunningPull, totalBytes: number): number {
  return cancelled ? 0 : Math.max(0, totalBytes * DISK_PER_BYTE - (progress?.doneBytes ?? 0));
}
