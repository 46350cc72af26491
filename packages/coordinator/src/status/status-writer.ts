import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { createTrigger } from '@kube-prefetch/time';
import { type TaskPool, createTaskPool } from './task-pool.ts';
import { type StatusEntry, dueMsOf, leave, newEntry, nextEntry, renew } from './when-to-write.ts';
import { type WriteParts, writeStatus } from './write-and-announce.ts';

/** Hundreds of statuses, as after a change of leader, then take seconds, and an API server hardly notices. */
const WRITES_AT_ONCE = 4;

export interface OfferedStatus {
  readonly resource: ResourceRef;
  /** Tells a resource from an earlier one of the same name. */
  readonly uid?: string | undefined;
  readonly status: PrefetchStatus;
}

/**
 * Writes statuses to the sink, beside the line. What did not change is not written, unless somebody else changed it there.
 * `when-to-write.ts` says when. A new term reads what the sink holds before it writes.
 */
export interface StatusWriter {
  /** All statuses of one pass. While the fleet is `settling` some wait: see `waitsForReports`. */
  offer(statuses: readonly OfferedStatus[], settling: boolean): void;
  /** Writes until the signal aborts; rejects with its reason. */
  run(signal: AbortSignal): Promise<void>;
  /** The latest of each resource, written or not. */
  latest(): readonly OfferedStatus[];
}

export function createStatusWriter(sinkParts: Omit<WriteParts, 'forget'>): StatusWriter {
  const { clock, sink } = sinkParts;
  const entries = new Map<string, StatusEntry>();
  const trigger = createTrigger(clock);
  const parts: WriteParts = {
    ...sinkParts,
    forget(entry) {
      const name = resourceName(entry.resource);
      // Another resource may have its name by now.
      if (entries.get(name) === entry) entries.delete(name);
    },
  };

  /** Starts what is due and has room; returns when to look again if nothing changes before. */
  const startDue = (writes: TaskPool): number => {
    for (;;) {
      if (!writes.hasRoom()) return Infinity;
      const idle = [...entries].flatMap(([name, entry]) => (writes.isRunning(name) ? [] : [entry]));
      const entry = nextEntry(idle, clock.monotonicMs());
      if (entry === undefined) return Math.min(Infinity, ...idle.map(dueMsOf));
      writes.start(resourceName(entry.resource), signal => writeStatus(entry, parts, signal));
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
        const overwritten = sink.isOverwritten?.(resource) ?? false;
        renew(entry, status, { settling, overwritten });
      }
      for (const [key, entry] of entries) if (!offered.has(key)) leave(entry);
      trigger.fire();
    },
    async run(signal) {
      entries.clear();
      const writes = createTaskPool(WRITES_AT_ONCE, () => trigger.fire(), signal);
      try {
        for (;;) await trigger.next(startDue(writes), writes.signal);
      } finally {
        await writes.end();
      }
    },
    latest: () => [...entries.values()].map(({ resource, latest }) => ({ resource, status: latest })),
  };
}
