import type { StatusEvent, StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import {
  type Condition,
  type PrefetchStatus,
  type ResourceRef,
  resourceName,
  TECHSQUAD_KIND,
} from '@kube-prefetch/protocol';
import { type Clock, backoffMs, withDeadline } from '@kube-prefetch/time';
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
  const isOneWord = resource.kind === TECHSQUAD_KIND && previous !== undefined;
  const events = isOneWord ? reasonEvents(previous, status) : statusEvents(previous, status);
  for (const event of events) {
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

const REPORTED: readonly Condition['type'][] = ['Accepted', 'Warm'];

/**
 * What people are told about the change from one status to the next. Where no status was written before, only a resource
 * that is not accepted is worth an event; otherwise a restart would announce every resource.
 */
function statusEvents(previous: PrefetchStatus | undefined, next: PrefetchStatus): readonly StatusEvent[] {
  return next.conditions
    .filter(({ type }) => REPORTED.includes(type))
    .filter(condition => hasTurned(previous, condition))
    .map(({ status, reason, message }) => ({ type: status === 'True' ? 'Normal' : 'Warning', reason, message }));
}

/**
 * Of a resource whose status is a single word: people are told of each reason, and with it of the worst failures. A reason that comes
 * and goes is told once a minute by the sink.
 */
function reasonEvents(previous: PrefetchStatus, next: PrefetchStatus): readonly StatusEvent[] {
  const failures = next.failures
    .slice(0, MAX_TOLD)
    .map(({ image, reason, nodes }) => `${image}: ${reason} on ${nodes}`);
  return next.conditions
    .filter(({ type }) => REPORTED.includes(type))
    .filter(({ type, reason }) => previous.conditions.find(known => known.type === type)?.reason !== reason)
    .filter(({ type, status }) => type === 'Warm' || status === 'False')
    .map(({ status, reason, message }) => ({
      type: status === 'True' ? 'Normal' : 'Warning',
      reason,
      message: [message, ...(reason === 'Failing' ? failures : [])].join('; '),
    }));
}

const MAX_TOLD = 3;

function hasTurned(previous: PrefetchStatus | undefined, { type, status }: Condition): boolean {
  if (previous === undefined) return type === 'Accepted' && status === 'False';
  return previous.conditions.find(condition => condition.type === type)?.status !== status;
}
