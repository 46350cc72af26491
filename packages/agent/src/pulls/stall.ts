import type { Clock } from '@kube-prefetch/time';
import type { RunningPull } from '../decide/running-pull.ts';

const MINUTE_MS = 60_000;
/** What the slowest disk or link that is worth waiting for moves in a millisecond: a megabyte per second. */
const BYTES_PER_MS = 1_000;
const UNPACKING_MS = 10 * MINUTE_MS;
const UNSEEN_MS = 60 * MINUTE_MS;
const LOOKS_PER_TIMEOUT = 4;
/** A look that comes so much too late was slept through: the process, or the whole machine, was paused. */
const PAUSED_MS = 5_000;

export interface StallLimits {
  /** Without a new byte or phase while resolving or downloading. */
  readonly stallTimeoutMs: number;
}

/**
 * When a pull is given up unless something moves. There is no total deadline: a retry would start from zero.
 *
 * | what can be seen           | given up                                              |
 * | nothing at all             | an hour after its start, later for what is known big  |
 * | resolving, downloading     | stallTimeoutMs after the last change                  |
 * | unpacking, which is silent | ten minutes after the last change, later for what is big |
 */
export function givenUpAtMs(pull: RunningPull, { stallTimeoutMs }: StallLimits): number {
  const bytes = Math.max(pull.sizeBytes ?? 0, pull.progress?.totalBytes ?? 0, pull.progress?.doneBytes ?? 0);
  const sizeMs = bytes / BYTES_PER_MS;
  if (pull.progress === undefined) return pull.startedAtMs + UNSEEN_MS + sizeMs;
  if (pull.progress.phase === 'unpacking') return pull.changedAtMs + UNPACKING_MS + sizeMs;
  return pull.changedAtMs + stallTimeoutMs;
}

/**
 * Resolves with what was seen last once the pull stands still for too long; rejects when the signal aborts. A pause of this
 * process counts as a change: whether the pull moved meanwhile, it could not see.
 */
export async function untilStalled(
  clock: Clock,
  look: () => RunningPull,
  limits: StallLimits,
  signal: AbortSignal,
): Promise<string> {
  for (let resumedAtMs = 0; ; ) {
    const pull = notBefore(resumedAtMs, look());
    const now = clock.monotonicMs();
    const dueMs = givenUpAtMs(pull, limits);
    if (now >= dueMs) return describeStall(pull, now);
    // The first progress brings the moment closer.
    const nextMs = Math.min(dueMs, now + limits.stallTimeoutMs / LOOKS_PER_TIMEOUT);
    await clock.sleep(nextMs - now, signal);
    if (clock.monotonicMs() > nextMs + PAUSED_MS) resumedAtMs = clock.monotonicMs();
  }
}

function notBefore(ms: number, pull: RunningPull): RunningPull {
  return { ...pull, startedAtMs: Math.max(ms, pull.startedAtMs), changedAtMs: Math.max(ms, pull.changedAtMs) };
}

function describeStall({ progress, startedAtMs, changedAtMs }: RunningPull, now: number): string {
  const seconds = (sinceMs: number) => Math.round((now - sinceMs) / 1000);
  if (progress === undefined) return `given up after ${seconds(startedAtMs)} s in which the runtime showed no progress`;
  const bytes = `${progress.doneBytes} of ${progress.totalBytes ?? 'an unknown number of'} bytes`;
  return `no progress for ${seconds(changedAtMs)} s while ${progress.phase}, ${bytes} done: given up`;
}
