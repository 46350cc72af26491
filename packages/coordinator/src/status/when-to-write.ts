import { isDeepStrictEqual } from 'node:util';
import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';

/** Counts are written this long after the last write, and a turn that was written is forgotten after it. */
const GAP_MS = 5_000;
/** Turns of one resource that are written at once; those that follow wait until one is forgotten. */
const BURST = 4;

/** One resource's status on its way to the sink. */
export interface StatusEntry {
  readonly resource: ResourceRef;
  readonly uid: string | undefined;
  latest: PrefetchStatus;
  /** Whether `settled` is certain: not before the sink was read in this term, nor after a write that failed. */
  known: boolean;
  /** What the sink is known to hold. */
  settled: PrefetchStatus | undefined;
  /** `latest` differs from `settled`, or the sink no longer holds that. */
  changed: boolean;
  /** The fleet does not know all nodes yet: see `waitsForReports`. */
  settling: boolean;
  /** The resource is gone. One more write lets the sink notice. */
  leaving: boolean;
  /** Monotonic: when the sink last took it. */
  writtenMs: number;
  /** Monotonic: when all of its turns that were written are forgotten. */
  forgottenMs: number;
  /** Monotonic: no call before, after a failure. */
  retryMs: number;
  failures: number;
}

export function newEntry(resource: ResourceRef, uid: string | undefined, latest: PrefetchStatus): StatusEntry {
  return {
    resource,
    uid,
    latest,
    known: false,
    settled: undefined,
    changed: true,
    settling: false,
    leaving: false,
    writtenMs: -Infinity,
    forgottenMs: -Infinity,
    retryMs: -Infinity,
    failures: 0,
  };
}

export interface Circumstances {
  readonly settling: boolean;
  /** Somebody else changed the status in the sink: it is written again, even if it is the same. */
  readonly overwritten: boolean;
}

/** Takes a newer status over. */
export function renew(entry: StatusEntry, status: PrefetchStatus, { settling, overwritten }: Circumstances): void {
  // Readers know only what is settled. A condition that turned and turned back in between did not turn for them.
  entry.latest = keepTransitionTimes(entry.settled, keepTransitionTimes(entry.latest, status));
  entry.changed = overwritten || !isDeepStrictEqual(entry.latest, entry.settled);
  entry.settling = settling;
  entry.leaving = false;
}

/** The sink holds `stored`, from an earlier term. Conditions that did not turn since then keep their times. */
export function learn(entry: StatusEntry, stored: PrefetchStatus | undefined): void {
  entry.known = true;
  entry.settled = stored;
  entry.latest = keepTransitionTimes(stored, entry.latest);
  entry.changed = entry.leaving || !isDeepStrictEqual(entry.latest, stored);
}

export function leave(entry: StatusEntry): void {
  entry.leaving = true;
  entry.changed = true;
  entry.settling = false;
}

/** A write begins. Until the sink answers, and after a failure, nobody knows what it holds. */
export function send(entry: StatusEntry): void {
  entry.known = false;
  entry.settled = undefined;
}

/** The sink holds `status`, in place of `previous` where that is known. */
export function settle(
  entry: StatusEntry,
  previous: PrefetchStatus | undefined,
  status: PrefetchStatus,
  now: number,
): void {
  entry.known = true;
  entry.settled = status;
  entry.changed = entry.leaving || !isDeepStrictEqual(entry.latest, status);
  entry.failures = 0;
  entry.retryMs = -Infinity;
  entry.writtenMs = now;
  if (hasTurned(previous, status)) entry.forgottenMs = Math.max(entry.forgottenMs, now) + GAP_MS;
}

/**
 * When to write it:
 *
 * | the status                                               | is written                                     |
 * | -------------------------------------------------------- | ---------------------------------------------- |
 * | is what the sink holds, or waits for reports             | never                                          |
 * | says that a resource is no longer warm                   | at once                                        |
 * | has a condition that turned, or speaks of another spec   | at once, up to `BURST` times, then once a gap  |
 * | has other counts, or was changed by somebody else        | a gap after the last write                     |
 */
export function dueMsOf(entry: StatusEntry): number {
  const { known, settled, latest, leaving, writtenMs, forgottenMs, retryMs } = entry;
  if (!entry.changed || waitsForReports(entry)) return Infinity;
  if (!known || leaving || isUrgent(settled, latest)) return retryMs;
  const turnMs = hasTurned(settled, latest) ? forgottenMs - (BURST - 1) * GAP_MS : Infinity;
  return Math.max(retryMs, Math.min(turnMs, writtenMs + GAP_MS));
}

/**
 * Of the due entries the one of the lowest rank is written first. Readers act on Warm: what takes it back comes first, then
 * what may take it back from a sink that was not read yet, then other turns, then counts.
 */
function rankOf(entry: StatusEntry): number {
  const { known, settled, latest } = entry;
  if (isUrgent(settled, latest)) return 0;
  if (!known && warmth(latest) === 'False') return 1;
  return hasTurned(settled, latest) ? 2 : 3;
}

/** During the first minute of a term, keep what the last leader wrote. */
function waitsForReports({ settling, latest, settled }: StatusEntry): boolean {
  if (!settling) return false;
  return latest.summary.unknown > 0 || (warmth(latest) === 'Unknown' && warmth(settled) === 'True');
}

function isUrgent(settled: PrefetchStatus | undefined, next: PrefetchStatus): boolean {
  return warmth(settled) === 'True' && warmth(next) === 'False';
}

/** Compared with what the sink is known to hold. */
function hasTurned(settled: PrefetchStatus | undefined, next: PrefetchStatus): boolean {
  if (settled === undefined) return false;
  const statusOf = (status: PrefetchStatus) => status.conditions.map(condition => condition.status).join();
  return settled.observedGeneration !== next.observedGeneration || statusOf(settled) !== statusOf(next);
}

function warmth(status: PrefetchStatus | undefined): string | undefined {
  return status?.conditions.find(({ type }) => type === 'Warm')?.status;
}

/** The due entry to write next: the lowest rank first, then the longest due. */
export function nextEntry(entries: Iterable<StatusEntry>, now: number): StatusEntry | undefined {
  let first: StatusEntry | undefined;
  for (const entry of entries) {
    if (dueMsOf(entry) <= now && (first === undefined || comesBefore(entry, first))) first = entry;
  }
  return first;
}

function comesBefore(a: StatusEntry, b: StatusEntry): boolean {
  const [rankA, rankB] = [rankOf(a), rankOf(b)];
  return rankA < rankB || (rankA === rankB && dueMsOf(a) < dueMsOf(b));
}

/** A condition whose status did not change keeps the time of its last transition. */
function keepTransitionTimes(previous: PrefetchStatus | undefined, next: PrefetchStatus): PrefetchStatus {
  if (previous === undefined) return next;
  const conditions = next.conditions.map(condition => {
    const before = previous.conditions.find(({ type }) => type === condition.type);
    if (before?.status !== condition.status) return condition;
    return { ...condition, lastTransitionTime: before.lastTransitionTime };
  });
  return { ...next, conditions };
}
