import { isDeepStrictEqual } from 'node:util';
import type { StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { backoffMs, type Clock, createTrigger, withDeadline } from '@kube-prefetch/time';
import { keepTransitionTimes } from './keep-transition-times.ts';
import { statusEvents } from './status-events.ts';

const WRITE_GAP_MS = 5_000;
const WRITE_DEADLINE_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };

export interface OfferedStatus {
  readonly resource: ResourceRef;
  readonly status: PrefetchStatus;
}

export type WriteOutcome = 'written' | 'unchanged' | 'gone' | 'failed';

/**
 * Brings statuses to where people read them, beside the line: what did not change is not written, what changes often is
 * written once in 5 s, and that a resource is no longer warm never waits.
 */
export interface StatusWriter {
  /**
   * All statuses of one pass. While the fleet is `settling` a status with Unknown cells is held back: it would only say
   * that this term is young.
   */
  offer(statuses: readonly OfferedStatus[], settling: boolean): void;
  /** Writes until the signal aborts; rejects with its reason. */
  run(signal: AbortSignal): Promise<void>;
  /** The latest of each resource, written or not. */
  latest(): readonly OfferedStatus[];
}

export interface StatusWriterParts {
  readonly sink: StatusSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly wrote: (outcome: WriteOutcome) => void;
}

export function createStatusWriter({ sink, clock, log, wrote }: StatusWriterParts): StatusWriter {
  const entries = new Map<string, Entry>();
  const trigger = createTrigger(clock);

  const write = async (entry: Entry, signal: AbortSignal) => {
    const { resource, latest: status, settled: previous } = entry;
    try {
      const outcome = await withDeadline(clock, WRITE_DEADLINE_MS, signal, 'writing a status', inTime =>
        sink.write(resource, status, inTime),
      );
      settle(entry, status, clock.monotonicMs());
      if (entry.leaving) entries.delete(resourceName(resource));
      wrote(outcome);
      if (outcome !== 'gone') await announce(resource, previous, status, signal);
    } catch (err) {
      signal.throwIfAborted();
      entry.failures += 1;
      // A single writer: there is nobody to keep out of step with, so no jitter.
      entry.dueMs = clock.monotonicMs() + backoffMs(entry.failures, 1, RETRY);
      wrote('failed');
      log.warn({ err, resource: resourceName(resource), failures: entry.failures }, 'status not written');
    }
  };

  const announce = async (
    resource: ResourceRef,
    previous: PrefetchStatus | undefined,
    status: PrefetchStatus,
    signal: AbortSignal,
  ) => {
    for (const event of statusEvents(previous, status)) {
      try {
        await withDeadline(clock, WRITE_DEADLINE_MS, signal, 'sending an event', inTime =>
          sink.event(resource, event, inTime),
        );
      } catch (err) {
        signal.throwIfAborted();
        // The status says the same; an event is worth no second try.
        log.warn({ err, resource: resourceName(resource), event }, 'event not sent');
      }
    }
  };

  return {
    offer(statuses, settling) {
      const offered = new Set<string>();
      for (const { resource, status } of statuses) {
        const key = resourceName(resource);
        offered.add(key);
        const entry = entries.get(key) ?? newEntry(resource, status);
        entries.set(key, entry);
        renew(entry, status, settling, clock.monotonicMs());
      }
      for (const [key, entry] of entries) if (!offered.has(key)) leave(entry, clock.monotonicMs());
      trigger.fire();
    },
    async run(signal) {
      entries.clear();
      while (!signal.aborted) {
        const now = clock.monotonicMs();
        const due = [...entries.values()].filter(entry => dueMsOf(entry) <= now).sort((a, b) => a.dueMs - b.dueMs);
        for (const entry of due) await write(entry, signal);
        if (due.length === 0) await trigger.next(earliest(entries.values()), signal);
      }
    },
    latest: () => [...entries.values()].map(({ resource, latest }) => ({ resource, status: latest })),
  };
}

interface Entry {
  readonly resource: ResourceRef;
  latest: PrefetchStatus;
  /** What the sink is known to hold. */
  settled: PrefetchStatus | undefined;
  /** `latest` differs from `settled`. */
  changed: boolean;
  heldBack: boolean;
  /** The resource is no longer there: it is written once more, so that the sink notices. */
  leaving: boolean;
  /** Monotonic: not to be written before. */
  dueMs: number;
  failures: number;
}

function newEntry(resource: ResourceRef, latest: PrefetchStatus): Entry {
  return {
    resource,
    latest,
    settled: undefined,
    changed: true,
    heldBack: false,
    leaving: false,
    dueMs: -Infinity,
    failures: 0,
  };
}

function renew(entry: Entry, status: PrefetchStatus, settling: boolean, now: number): void {
  const urgent = warmth(entry.settled) === 'True' && warmth(entry.latest) !== 'False' && warmth(status) === 'False';
  entry.latest = keepTransitionTimes(entry.latest, status);
  entry.changed = !isDeepStrictEqual(entry.latest, entry.settled);
  entry.heldBack = settling && status.summary.unknown > 0;
  entry.leaving = false;
  if (urgent) entry.dueMs = Math.min(entry.dueMs, now);
}

function leave(entry: Entry, now: number): void {
  if (entry.leaving) return;
  entry.leaving = true;
  entry.changed = true;
  entry.heldBack = false;
  entry.dueMs = now;
}

function settle(entry: Entry, status: PrefetchStatus, now: number): void {
  entry.settled = status;
  entry.changed = !isDeepStrictEqual(entry.latest, status);
  entry.failures = 0;
  entry.dueMs = now + WRITE_GAP_MS;
}

function dueMsOf(entry: Entry): number {
  return entry.changed && !entry.heldBack ? entry.dueMs : Infinity;
}

function earliest(entries: Iterable<Entry>): number {
  let dueMs = Infinity;
  for (const entry of entries) dueMs = Math.min(dueMs, dueMsOf(entry));
  return dueMs;
}

function warmth(status: PrefetchStatus | undefined): string | undefined {
  return status?.conditions.find(({ type }) => type === 'Warm')?.status;
}
