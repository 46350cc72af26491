import type { StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { backoffMs, type Clock, createTrigger, withDeadline } from '@kube-prefetch/time';
import { statusEvents } from './status-events.ts';
import { dueMsOf, learn, leave, newEntry, renew, send, settle, type StatusEntry } from './status-entry.ts';

const WRITE_DEADLINE_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };

export interface OfferedStatus {
  readonly resource: ResourceRef;
  /** Tells a resource from another that had its name. */
  readonly uid?: string | undefined;
  readonly status: PrefetchStatus;
}

export type WriteOutcome = 'written' | 'unchanged' | 'gone' | 'failed';

/**
 * Brings statuses to where people read them, beside the line: what did not change is not written, what changes often is
 * written once in 5 s, and that a resource is no longer warm never waits. In every term it goes on from what the sink holds.
 */
export interface StatusWriter {
  /**
   * All statuses of one pass. While the fleet is `settling` a status that does not know something yet is held back: it would only say
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
  const entries = new Map<string, StatusEntry>();
  const trigger = createTrigger(clock);

  /** Another resource may have its name by now. */
  const isCurrent = (entry: StatusEntry) => entries.get(resourceName(entry.resource)) === entry;

  const ask = async (entry: StatusEntry, signal: AbortSignal) => {
    const { resource } = entry;
    const held = await withDeadline(clock, WRITE_DEADLINE_MS, signal, 'reading a status', inTime =>
      sink.read(resource, inTime),
    );
    learn(entry, held);
    if (!entry.changed) wrote('unchanged');
  };

  const write = async (entry: StatusEntry, signal: AbortSignal) => {
    const { resource, latest: status, settled: previous, leaving } = entry;
    send(entry);
    const outcome = await withDeadline(clock, WRITE_DEADLINE_MS, signal, 'writing a status', inTime =>
      sink.write(resource, status, inTime),
    );
    settle(entry, status, clock.monotonicMs());
    // All of it may have changed while the sink was writing.
    if (leaving && entry.leaving && isCurrent(entry)) entries.delete(resourceName(resource));
    wrote(outcome);
    if (outcome !== 'gone') await announce(resource, previous, status, signal);
  };

  const bring = async (entry: StatusEntry, signal: AbortSignal) => {
    try {
      if (!entry.known && !entry.leaving) await ask(entry, signal);
      if (dueMsOf(entry) <= clock.monotonicMs()) await write(entry, signal);
    } catch (err) {
      signal.throwIfAborted();
      entry.failures += 1;
      // A single writer: there is nobody to keep out of step with, so no jitter.
      entry.dueMs = clock.monotonicMs() + backoffMs(entry.failures, 1, RETRY);
      wrote('failed');
      log.warn({ err, resource: resourceName(entry.resource), failures: entry.failures }, 'status not written');
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
      for (const { resource, uid, status } of statuses) {
        const key = resourceName(resource);
        offered.add(key);
        const known = entries.get(key);
        const entry = known !== undefined && known.uid === uid ? known : newEntry(resource, uid, status);
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
        for (const entry of due) if (isCurrent(entry)) await bring(entry, signal);
        if (due.length === 0) await trigger.next(Math.min(Infinity, ...[...entries.values()].map(dueMsOf)), signal);
      }
    },
    latest: () => [...entries.values()].map(({ resource, latest }) => ({ resource, status: latest })),
  };
}
