import type { StatusEvent, StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type Condition, type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { type Clock, backoffMs, withDeadline } from '@kube-prefetch/time';
import { type StatusEntry, dueMsOf, learn, send, settle } from './when-to-write.ts';

const CALL_DEADLINE_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };

export type WriteOutcome = 'written' | 'unchanged' | 'gone' | 'failed';

export interface WriteParts {
  readonly sink: StatusSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly wrote: (outcome: WriteOutcome) => void;
  /** The sink knows that this one's resource is gone. */
  readonly forget: (entry: StatusEntry) => void;
}

/**
 * Brings one status to the sink: asks what is there where that is not known, writes if it is another, and tells what turned.
 * What fails is due again after a pause. Throws the signal's reason, and nothing else.
 */
export async function writeStatus(entry: StatusEntry, parts: WriteParts, signal: AbortSignal): Promise<void> {
  const { clock, log, wrote } = parts;
  try {
    if (!entry.known && !entry.leaving) await ask(entry, parts, signal);
    if (dueMsOf(entry) <= clock.monotonicMs()) await write(entry, parts, signal);
  } catch (err) {
    signal.throwIfAborted();
    entry.failures += 1;
    // One process writes, and few at once: there is nobody to keep out of step with, so no jitter.
    entry.dueMs = clock.monotonicMs() + backoffMs(entry.failures, 1, RETRY);
    wrote('failed');
    log.warn({ err, resource: resourceName(entry.resource), failures: entry.failures }, 'status not written');
  }
}

async function ask(entry: StatusEntry, { sink, clock, wrote }: WriteParts, signal: AbortSignal): Promise<void> {
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
  settle(entry, status, clock.monotonicMs());
  // All of it may have changed while the sink was writing.
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
  for (const event of statusEvents(previous, status)) {
    try {
      await withDeadline(clock, CALL_DEADLINE_MS, signal, 'sending an event', inTime =>
        sink.event(resource, event, inTime),
      );
    } catch (err) {
      signal.throwIfAborted();
      // The status says the same; an event is worth no second try.
      log.warn({ err, resource: resourceName(resource), event }, 'event not sent');
    }
  }
}

const REPORTED: readonly Condition['type'][] = ['Accepted', 'Warm'];

/**
 * What happened to a resource between two statuses, for people. Before the first status of a term nobody knows what was:
 * only a resource that is not accepted is worth a word then, or every restart would announce the whole cluster.
 */
function statusEvents(previous: PrefetchStatus | undefined, next: PrefetchStatus): readonly StatusEvent[] {
  return next.conditions
    .filter(({ type }) => REPORTED.includes(type))
    .filter(condition => hasTurned(previous, condition))
    .map(({ status, reason, message }) => ({ type: status === 'True' ? 'Normal' : 'Warning', reason, message }));
}

function hasTurned(previous: PrefetchStatus | undefined, { type, status }: Condition): boolean {
  if (previous === undefined) return type === 'Accepted' && status === 'False';
  return previous.conditions.find(condition => condition.type === type)?.status !== status;
}
