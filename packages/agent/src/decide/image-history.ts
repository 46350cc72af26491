import { type Failure, type FailureKind, type ImageRef, namesDigest } from '@kube-prefetch/protocol';
import type { Presence, Progress, Pulled } from '@kube-prefetch/runtime';
import { backoffMs } from '@kube-prefetch/time';
import { retryDelayMs } from './retry-delay.ts';

/** containerd says within this time what a failed pull has left: it learns of its own images by events. */
const LEFT_WITHIN_MS = 5_000;
/** A deletion is one of a series when the image had been present for less than this. */
const EVICTION_WINDOW_MS = 3_600_000;
/** Without a coordinator nothing paces the nodes: those that lost an image together pull it again spread over this time. */
const HEAL_SPREAD_MS = 60_000;

/** What happened to one image on this node. Times are monotonic. */
export interface History {
  /** Forgotten when a pull succeeds, and when an image that is not suspect becomes present by somebody else's pull. */
  readonly failure?: FailedPulls;
  /** A pull of ours may have left a broken image, which the runtime would call present. */
  readonly suspect?: Suspect;
  /** Since when every look has found it; undefined where the last one did not. */
  readonly presentSinceMs?: number;
  /** How often in a row it was deleted soon after it had become present. */
  readonly deletions: number;
  /** When a deleted image may be pulled again without a coordinator. */
  readonly healAtMs?: number;
  /** The pull of ours that made it present. */
  readonly pull?: FinishedPull;
  /** By which credential an image was pulled last. */
  readonly lastCredential?: string;
  /** Credentials could not be had; forgotten with the next pull. */
  readonly waits?: Waits;
}

export interface Suspect {
  /** The broken image by the runtime's name for it; undefined until a look has found one. */
  readonly id?: string;
  /** Set by the first look that found none: what appears after this is somebody else's. */
  readonly untilMs?: number;
}

export interface FailedPulls extends Failure {
  /** In a row. */
  readonly count: number;
  /** Of the last one. */
  readonly atMs: number;
  readonly retryAtMs: number;
  /** The first failure of each kind since the image was last present. */
  readonly firstMs: Readonly<Partial<Record<FailureKind, number>>>;
  /** The fingerprint of the credentials that the registry refused. */
  readonly refused?: string;
}

export interface FinishedPull {
  readonly elapsedMs: number;
  readonly doneBytes?: number;
  /** By which credential: its name. */
  readonly credential?: string;
  /** The digest that was wanted when it started. */
  readonly digest?: string;
}

export interface Waits {
  readonly because: string;
  /** In a row. */
  readonly count: number;
  readonly retryAtMs: number;
}

type PullFailed = Failure & {
  readonly phase?: Progress['phase'] | undefined;
  readonly refused?: FailedPulls['refused'] | undefined;
};

export type PullEnd =
  | { readonly result: 'pulled'; readonly pull: FinishedPull; readonly countBytes: Pulled['countBytes'] }
  | { readonly result: 'failed'; readonly failure: PullFailed }
  | { readonly result: 'cancelled'; readonly why: string }
  | { readonly result: 'waits'; readonly because: string };

export type Histories = ReadonlyMap<ImageRef, History>;

export const BLANK: History = { deletions: 0 };

/**
 * | was                         | now     | becomes                                            |
 * | suspect                     | the same, see `suspectAfterLook` | unchanged: only a pull of ours clears it |
 * | absent, failed or not       | present | present, failure forgotten: somebody pulled it     |
 * | present                     | absent  | absent, to be pulled again at once                 |
 * | present, again within 1 h   | absent  | failed as Evicted, with a growing delay            |
 */
export function afterLook(last: History, foundId: string | undefined, now: number, jitter: number): History {
  const suspect = last.suspect && suspectAfterLook(last.suspect, foundId, now);
  if (suspect !== undefined) return suspect === last.suspect ? last : { ...last, suspect };
  const before = last.suspect === undefined ? last : { ...last, suspect };
  if (foundId !== undefined) {
    if (before.presentSinceMs !== undefined && before.failure === undefined) return before;
    return { ...before, failure: undefined, healAtMs: undefined, presentSinceMs: before.presentSinceMs ?? now };
  }
  return before.presentSinceMs === undefined ? before : afterDeletion(before, before.presentSinceMs, now, jitter);
}

/** Whether the runtime has other contents than those wanted. Where it names no digest, nobody can tell. */
export function isStale(presence: Presence | undefined, digest: string | undefined): boolean {
  if (digest === undefined || !presence?.present) return false;
  return presence.digests.length > 0 && !namesDigest(presence.digests, digest);
}

const OUTDATED =
  'the pull brought other contents than the registry told when it was asked for the tag: a mirror that answers with what it has, or the tag has moved again';

/** For a look that found other contents than `digest`. A pull that ended so since the last look has failed. */
export function afterStaleLook(last: History, foundId: string, digest: string, now: number, jitter: number): History {
  const suspect = last.suspect && suspectAfterLook(last.suspect, foundId, now);
  const presentSinceMs = last.presentSinceMs ?? now;
  const same = suspect === last.suspect && presentSinceMs === last.presentSinceMs;
  const before = same ? last : { ...last, suspect, presentSinceMs };
  if (before.pull?.digest !== digest) return before;
  const failure = { kind: 'Outdated', message: OUTDATED } as const;
  return { ...afterFailure({ ...before, pull: undefined }, failure, now, jitter), presentSinceMs };
}

/**
 * | the broken image   | the runtime has       | it stays suspect                                    |
 * | was seen           | that one              | yes                                                 |
 * | was seen           | another, or none      | no: somebody has replaced or deleted it             |
 * | was not seen yet   | one                   | yes, as that one; no where the time to appear is over |
 * | was not seen yet   | none                  | until the time to appear is over                    |
 */
function suspectAfterLook(suspect: Suspect, foundId: string | undefined, now: number): Suspect | undefined {
  const { id, untilMs } = suspect;
  if (id !== undefined) return id === foundId ? suspect : undefined;
  if (untilMs === undefined) return foundId === undefined ? { untilMs: now + LEFT_WITHIN_MS } : { id: foundId };
  if (now > untilMs) return undefined;
  return foundId === undefined ? suspect : { id: foundId };
}

function afterDeletion(before: History, presentSinceMs: number, now: number, jitter: number): History {
  const inSeries = now - presentSinceMs < EVICTION_WINDOW_MS;
  const deletions = inSeries ? before.deletions + 1 : 1;
  const { lastCredential } = before;
  const kept = lastCredential === undefined ? {} : { lastCredential };
  const gone = { deletions, healAtMs: now + Math.round(jitter * HEAL_SPREAD_MS), ...kept };
  if (deletions === 1) return gone;
  const count = deletions - 1;
  const message = `deleted ${deletions} times, each within an hour of being present, and not by this agent: the kubelet's image garbage collection does that to images that no container uses`;
  return {
    ...gone,
    failure: {
      kind: 'Evicted',
      message,
      count,
      atMs: now,
      retryAtMs: now + retryDelayMs('Evicted', count, jitter),
      firstMs: { Evicted: now },
    },
  };
}

const WAIT_BOUNDS = { baseMs: 1_000, capMs: 30_000, floorMs: 500 };

/** The image neither failed nor was it tried. */
export function afterWait(before: History, because: string, now: number, jitter: number): History {
  const count = (before.waits?.count ?? 0) + 1;
  return { ...before, waits: { because, count, retryAtMs: now + backoffMs(count, jitter, WAIT_BOUNDS) } };
}

/** A pull of ours that succeeded counts as a look that found the image: if the next look does not, it was deleted. */
export function afterSuccess(before: History, pull: FinishedPull, now: number): History {
  const lastCredential = pull.credential;
  const { failure } = before;
  return {
    // Until a look says what the pull brought.
    ...(failure?.kind === 'Outdated' && { failure }),
    deletions: before.deletions,
    presentSinceMs: now,
    pull,
    ...(lastCredential !== undefined && { lastCredential }),
  };
}

export function afterFailure(
  before: History,
  { kind, message, phase, refused }: PullFailed,
  now: number,
  jitter: number,
): History {
  const count = (before.failure?.count ?? 0) + 1;
  return {
    ...before,
    suspect: leavesBrokenImage(kind, phase) ? {} : before.suspect,
    presentSinceMs: undefined,
    waits: undefined,
    failure: {
      kind,
      message,
      count,
      atMs: now,
      retryAtMs: now + retryDelayMs(kind, count, jitter),
      firstMs: { [kind]: now, ...before.failure?.firstMs },
      ...(refused !== undefined && { refused }),
    },
  };
}

/** Other credentials are there than those that were refused: it is tried now, and what has failed stays known. */
export function afterChange(before: History, now: number): History {
  return before.failure === undefined ? before : { ...before, failure: { ...before.failure, retryAtMs: now } };
}

/** containerd keeps the name of an image that it could not unpack. A full disk breaks nothing before that. */
function leavesBrokenImage(kind: FailureKind, phase: Progress['phase'] | undefined): boolean {
  if (kind === 'DiskFull') return phase === undefined || phase === 'unpacking';
  return kind === 'Corrupt' || kind === 'NotAnImage';
}
