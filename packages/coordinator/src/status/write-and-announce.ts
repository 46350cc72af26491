import type { StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type PrefetchStatus, type ResourceRef, resourceName, TECHSQUAD_KIND } from '@kube-prefetch/protocol';
import { type Clock, backoffMs, withDeadline } from '@kube-prefetch/time';
import { statusEvents } from './status-events.ts';
import { type StatusEntry, dueMsOf, learn, send, settle } from './when-to-write.ts';

const CALL_DEADLINE_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };

export const WRITE_OUTCOMES = ['written', 'unchanged', 'gone', 'failed'] as const;
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number];

export interface WriteParts {
  readonly sink: StatusSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly wrote: (outcome: WriteOutcome) => void;
  /** Called once the sink knows that the entry's resource is gone. */
  readonly forget: (entry: StatusEntry) => void;
}

/**
 * Writes one status to the sink, and sends an event for each condition that turned. What the sink holds is read first where
 * it is not known. After a failure the entry is due again after a pause. Throws the signal's reason, and nothing else.
 */
export async function writeStatus(entry: StatusEntry, parts: WriteParts, signal: AbortSignal): Promise<void> {
  const { clock, log, wrote } = parts;
  try {
    if (!entry.known && !entry.leaving) await readStored(entry, parts, signal);
    if (dueMsOf(entry) <= clock.monotonicMs()) await write(entry, parts, signal);
  } catch (err) {
    signal.throwIfAborted();
    entry.failures += 1;
    // No jitter: one process writes, and few writes run at once.
    entry.retryMs = clock.monotonicMs() + backoffMs(entry.failures, 1, RETRY);
    wrote('failed');
    log.warn({ err, resource: resourceName(entry.resource), failures: entry.failures }, 'status not written');
  }
}

async function readStored(entry: StatusEntry, { sink, clock, wrote }: WriteParts, signal: AbortSignal): Promise<void> {
  const stored = await withDeadline(clock, CALL_DEADLINE_MS, signal, 'reading a status', inTime =>
    sink.read(entry.resource, inTime),
  );
  learn(entry, stored);
  if (!entry.changed) wrote('unchanged');
}

async function write(entry: StatusEntry, parts: WriteParts, signal: AbortSignal): Promise<void> {
  const { sink, clock, wrote, forget } = parts;
  const { resource, latest: status, settled: previous, leaving } = entry;
  send(entry);
  const outcome = await withDeadline(clock, CALL_DEADLINE_MS, signal, 'writing a status', inTime =>
    sink.write(resource, status, inTime),
  );
  settle(entry, previous, status, clock.monotonicMs());
  // The resource may be back by now.
  if (leaving && entry.leaving) forget(entry);
  wrote(outcome);
  if (outcome !== 'gone') await announce(resource, previous, status, parts, signal);
}

async function announce(
  resource: ResourceRef,
  previous: PrefetchStatus | undefined,
  status: PrefetchStatus,
  { sink, clock, log }: WriteParts,
  signal: AbortSignal,
): Promise<void> {
  for (const event of statusEvents(previous, status, resource.kind === TECHSQUAD_KIND)) {
    try {
      await withDeadline(clock, CALL_DEADLINE_MS, signal, 'sending an event', inTime =>
        sink.event(resource, event, inTime),
      );
    } catch (err) {
      signal.throwIfAborted();
      // An event is not sent twice: the status says the same.
      log.warn({ err, resource: resourceName(resource), event }, 'event not sent');
    }
  }
}
