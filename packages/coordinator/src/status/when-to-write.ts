import { isDeepStrictEqual } from 'node:util';
import type { PrefetchStatus, ResourceRef } from '@kube-prefetch/protocol';

const WRITE_GAP_MS = 5_000;

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
  /** Monotonic: no write before. */
  dueMs: number;
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
    dueMs: -Infinity,
    failures: 0,
  };
}

export interface Circumstances {
  readonly settling: boolean;
  /** Somebody else changed the status in the sink: it is written again, even if it is the same. */
  readonly overwritten: boolean;
}

/** Takes a newer status over. That a resource is no longer warm never waits. */
export function renew(
  entry: StatusEntry,
  status: PrefetchStatus,
  { settling, overwritten }: Circumstances,
  now: number,
): void {
  const urgent = isUrgent(entry.settled, status) && warmth(entry.latest) !== 'False';
  // Readers know only what is settled. A condition that turned and turned back in between did not turn for them.
  entry.latest = keepTransitionTimes(entry.settled, keepTransitionTimes(entry.latest, status));
  entry.changed = overwritten || !isDeepStrictEqual(entry.latest, entry.settled);
  entry.settling = settling;
  entry.leaving = false;
  if (urgent) entry.dueMs = Math.min(entry.dueMs, now);
}

/** The sink holds `stored`, from an earlier term. Conditions that did not turn since then keep their times. */
export function learn(entry: StatusEntry, stored: PrefetchStatus | undefined): void {
  entry.known = true;
  entry.settled = stored;
  entry.latest = keepTransitionTimes(stored, entry.latest);
  entry.changed = entry.leaving || !isDeepStrictEqual(entry.latest, stored);
}

export function leave(entry: StatusEntry, now: number): void {
  if (entry.leaving) return;
  entry.leaving = true;
  entry.changed = true;
  entry.settling = false;
  entry.dueMs = now;
}

/** A write begins. Until the sink answers, and after a failure, nobody knows what it holds. */
export function send(entry: StatusEntry): void {
  entry.known = false;
  entry.settled = undefined;
}

/** The sink holds `status`. */
export function settle(entry: StatusEntry, status: PrefetchStatus, now: number): void {
  entry.known = true;
  entry.settled = status;
  entry.changed = entry.leaving || !isDeepStrictEqual(entry.latest, status);
  entry.failures = 0;
  entry.dueMs = isUrgent(status, entry.latest) ? now : now + WRITE_GAP_MS;
}

/** When to write it; Infinity while there is nothing to write. */
export function dueMsOf(entry: StatusEntry): number {
  return entry.changed && !waitsForReports(entry) ? entry.dueMs : Infinity;
}

/**
 * Of the due entries the one of the lowest rank is written first. Readers act on Warm: what takes it back comes first, then
 * what may take it back from a sink that was not read yet.
 */
function rankOf(entry: StatusEntry): 0 | 1 | 2 {
  const { known, settled, latest } = entry;
  if (isUrgent(settled, latest)) return 0;
  return !known && warmth(latest) === 'False' ? 1 : 2;
}

/** During the first minute of a term, keep what the last leader wrote. */
function waitsForReports({ settling, latest, settled }: StatusEntry): boolean {
  if (!settling) return false;
  return latest.summary.unknown > 0 || (warmth(latest) === 'Unknown' && warmth(settled) === 'True');
}

function isUrgent(settled: PrefetchStatus | undefined, next: PrefetchStatus): boolean {
  return warmth(settled) === 'True' && warmth(next) === 'False';
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
  return rankA < rankB || (rankA === rankB && a.dueMs < b.dueMs);
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
