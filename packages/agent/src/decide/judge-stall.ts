import type { ImageRef } from '@kube-prefetch/protocol';
import type { Progress } from '@kube-prefetch/runtime';

/** A pull as it stands; times are monotonic. */
export interface RunningPull {
  readonly image: ImageRef;
  /** Started without a permit, because no coordinator answered. */
  readonly withoutPermit: boolean;
  readonly startedAtMs: number;
  /** When phase or bytes last changed. */
  readonly changedAtMs: number;
  /** Undefined until the runtime has shown any. */
  readonly progress: Progress | undefined;
  /** As some runtime once reported it. */
  readonly sizeBytes: number | undefined;
  readonly cancelled: boolean;
  /** Its credentials are being gathered: nothing is pulled yet. */
  readonly gathering: boolean;
  readonly pace: Pace;
}

/** How far a pull was at two moments, at least a minute apart; at first both are its start. */
export interface Pace {
  readonly from: Mark;
  readonly next: Mark;
}

interface Mark {
  readonly atMs: number;
  readonly doneBytes: number;
}

const MINUTE_MS = 60_000;
/** One megabyte per second: the slowest disk that is worth waiting for unpacks this fast. */
const BYTES_PER_MS = 1_000;
const UNPACKING_MS = 10 * MINUTE_MS;
const UNSEEN_MS = 60 * MINUTE_MS;

export function startPace(now: number): Pace {
  const mark = { atMs: now, doneBytes: 0 };
  return { from: mark, next: mark };
}

export function movePace(pace: Pace, doneBytes: number, now: number): Pace {
  return now - pace.next.atMs < MINUTE_MS ? pace : { from: pace.next, next: { atMs: now, doneBytes } };
}

/**
 * Whether a pull has moved slower than the floor for a minute or two. One whose bytes cannot be seen never counts as slow, and
 * neither does one that unpacks.
 */
export function isSlow({ progress, pace }: RunningPull, floorBytesPerSecond: number, now: number): boolean {
  if (progress === undefined || progress.phase === 'unpacking') return false;
  if (progress.phase === 'downloading' && progress.totalBytes === undefined) return false; // podman counts no bytes
  const seconds = (now - pace.from.atMs) / 1_000;
  return now >= maySlowAtMs(pace) && progress.doneBytes - pace.from.doneBytes < floorBytesPerSecond * seconds;
}

/** Before then a pull is not judged. */
export function maySlowAtMs({ from }: Pace): number {
  return from.atMs + MINUTE_MS;
}

export interface StallLimits {
  /** Without a new byte or phase while resolving or downloading. */
  readonly stallTimeoutMs: number;
}

/**
 * When a pull is given up unless it moves before then. No pull has a deadline: a retry would start from zero.
 *
 * | what can be seen           | given up                                              |
 * | nothing at all             | an hour after its start, later for a large image     |
 * | resolving, downloading     | stallTimeoutMs after the last change                  |
 * | unpacking, which is silent | ten minutes after the last change, later for a large image |
 */
export function givenUpAtMs(pull: RunningPull, { stallTimeoutMs }: StallLimits): number {
  const bytes = Math.max(pull.sizeBytes ?? 0, pull.progress?.totalBytes ?? 0, pull.progress?.doneBytes ?? 0);
  const sizeMs = bytes / BYTES_PER_MS;
  if (pull.progress === undefined) return pull.startedAtMs + UNSEEN_MS + sizeMs;
  if (pull.progress.phase === 'unpacking') return pull.changedAtMs + UNPACKING_MS + sizeMs;
  return pull.changedAtMs + stallTimeoutMs;
}

/** For people: what was seen of a pull when it was given up. */
export function describeStall({ progress, startedAtMs, changedAtMs }: RunningPull, now: number): string {
  const seconds = (sinceMs: number) => Math.round((now - sinceMs) / 1000);
  if (progress === undefined) return `given up after ${seconds(startedAtMs)} s in which the runtime showed no progress`;
  const bytes = `${progress.doneBytes} of ${progress.totalBytes ?? 'an unknown number of'} bytes`;
  return `no progress for ${seconds(changedAtMs)} s while ${progress.phase}, ${bytes} done: given up`;
}
