import type { Lease } from './lease-object.ts';

/** How long a renewal counts. Others measure from when they saw it. */
export const LEASE_MS = 15_000;
/** The holder renews this long after its last renewal began, ... */
const RENEW_MS = 5_000;
/** ... and stops leading this long after it, well before another can take over. */
const RENEW_DEADLINE_MS = 10_000;

export interface RunningTerm {
  readonly epoch: number;
  /** Monotonic: when the last successful renewal began. */
  renewedMs: number;
}

/** When the term ends unless it is renewed. */
export function endMsOf({ renewedMs }: RunningTerm): number {
  return renewedMs + RENEW_DEADLINE_MS;
}

export interface LeaseView {
  readonly identity: string;
  readonly lease: Lease;
  /** Monotonic: when these contents were first seen. The times in the Lease come from another machine's clock. */
  readonly sinceMs: number;
  /** The highest of all terms that were ever seen. */
  readonly highestEpoch: number;
  /** This process's own; undefined while it does not lead. */
  readonly term: RunningTerm | undefined;
}

export type LeaseStep =
  | { readonly do: 'acquire' }
  | { readonly do: 'renew' }
  | { readonly do: 'wait'; readonly untilMs: number }
  | { readonly do: 'end'; readonly why: string };

/**
 * What a candidate does next.
 *
 * | its term | holder of the lease | time                          | step    |
 * | -------- | ------------------- | ----------------------------- | ------- |
 * | none     | nobody: it is free  |                               | acquire |
 * | none     | nobody: emptied     | as if another held it         |         |
 * | none     | itself              |                               | acquire |
 * | none     | another             | seen unchanged for its length | acquire |
 * | none     | another             | before                        | wait    |
 * | running  | another, or nobody  |                               | end     |
 * | running  | itself, other term  |                               | end     |
 * | running  | itself              | past the deadline             | end     |
 * | running  | itself              | due                           | renew   |
 * | running  | itself              | before                        | wait    |
 */
export function decideLease(view: LeaseView, now: number): LeaseStep {
  const { identity, lease, sinceMs, highestEpoch, term } = view;
  if (term === undefined) {
    const untilMs = sinceMs + lease.durationMs;
    const released = lease.free && lease.transitions >= highestEpoch;
    // The holder may be this process itself: it restarted under its old name, or the answer to its write was lost.
    const canHave = released || lease.holder === identity || now >= untilMs;
    return canHave ? { do: 'acquire' } : { do: 'wait', untilMs };
  }
  if (lease.holder !== identity || lease.transitions !== term.epoch) {
    return { do: 'end', why: `the lease is held by ${lease.holder ?? 'nobody'}, term ${lease.transitions}` };
  }
  if (now >= endMsOf(term)) return { do: 'end', why: 'the lease could not be renewed in time' };
  const dueMs = term.renewedMs + RENEW_MS;
  return now >= dueMs ? { do: 'renew' } : { do: 'wait', untilMs: dueMs };
}
