import type { Failure, FailureKind, ImageRef } from '@kube-prefetch/protocol';
import type { Progress } from '@kube-prefetch/runtime';
import { retryDelayMs } from './retry-delay.ts';

/** A deletion counts as one of a series when the image had come back for less than this. */
const EVICTION_WINDOW_MS = 3_600_000;
/** Without a coordinator that paces the fleet, nodes that lost an image together heal it within this time, not at once. */
const HEAL_SPREAD_MS = 60_000;

/** What happened to one image on this node; replaced, never changed. Times are monotonic. */
export interface History {
  /** Until a pull succeeds or, for what is no suspect, somebody else's pull made it present. */
  readonly failure?: FailedPulls;
  /** A download of ours broke after its bytes had arrived: the runtime's "present" is not believed until a pull succeeds. */
  readonly suspect: boolean;
  /** Since when every look found it; undefined: it was absent at the last one, or was never looked for. */
  readonly presentSinceMs?: number;
  /** How often in a row it was deleted soon after it had come back. */
  readonly deletions: number;
  /** When a deleted image may be healed without a coordinator. */
  readonly healAtMs?: number;
  /** The pull of ours that made it present. */
  readonly pull?: FinishedPull;
}

export interface FailedPulls extends Failure {
  /** In a row. */
  readonly count: number;
  readonly retryAtMs: number;
  /** Of each kind the first, of all since it was last present: retries in between do not make it younger. */
  readonly firstMs: Readonly<Partial<Record<FailureKind, number>>>;
}

export interface FinishedPull {
  readonly elapsedMs: number;
  readonly doneBytes?: number;
}

export type Histories = ReadonlyMap<ImageRef, History>;

export const BLANK: History = { suspect: false, deletions: 0 };

/**
 * | was                         | now     | becomes                                            |
 * | suspect                     | any     | unchanged: only a pull of ours clears it           |
 * | absent, failed or not       | present | present, failure forgotten: somebody pulled it     |
 * | present                     | absent  | to be healed at once                               |
 * | present, again within 1 h   | absent  | failed as Evicted, with a growing delay            |
 */
export function afterLook(before: History, present: boolean, now: number, jitter: number): History {
  if (before.suspect) return before;
  if (present) {
    if (before.presentSinceMs !== undefined && before.failure === undefined) return before;
    return { ...before, failure: undefined, healAtMs: undefined, presentSinceMs: before.presentSinceMs ?? now };
  }
  return before.presentSinceMs === undefined ? before : afterDeletion(before, before.presentSinceMs, now, jitter);
}

function afterDeletion(before: History, presentSinceMs: number, now: number, jitter: number): History {
  const inSeries = now - presentSinceMs < EVICTION_WINDOW_MS;
  const deletions = inSeries ? before.deletions + 1 : 1;
  const gone = { suspect: false, deletions, healAtMs: now + Math.round(jitter * HEAL_SPREAD_MS) };
  if (deletions === 1) return gone;
  const count = deletions - 1;
  const message = `deleted ${deletions} times, each within an hour of being present, and not by this agent: the kubelet's image garbage collection does that to images that no container uses`;
  return {
    ...gone,
    failure: {
      kind: 'Evicted',
      message,
      count,
      retryAtMs: now + retryDelayMs('Evicted', count, jitter),
      firstMs: { Evicted: now },
    },
  };
}

/** Our own pull counts as having seen the image: one that is gone by the next look was deleted. */
export function afterSuccess(before: History, pull: FinishedPull, now: number): History {
  return { suspect: false, deletions: before.deletions, presentSinceMs: now, pull };
}

export function afterFailure(
  before: History,
  failure: Failure & { readonly phase?: Progress['phase'] },
  now: number,
  jitter: number,
): History {
  const { kind, message } = failure;
  const count = (before.failure?.count ?? 0) + 1;
  return {
    ...before,
    suspect: before.suspect || leavesBrokenImage(kind, failure.phase),
    presentSinceMs: undefined,
    failure: {
      kind,
      message,
      count,
      retryAtMs: now + retryDelayMs(kind, count, jitter),
      firstMs: { [kind]: now, ...before.failure?.firstMs },
    },
  };
}

/** containerd keeps the name of an image whose last step failed. A full disk breaks images only once bytes are unpacked. */
function leavesBrokenImage(kind: FailureKind, phase: Progress['phase'] | undefined): boolean {
  if (kind === 'DiskFull') return phase === undefined || phase === 'unpacking';
  return kind === 'Corrupt' || kind === 'NotAnImage';
}
