import type { Lease } from './lease-object.ts';

/** For how long a holder's word counts, from when others have heard it. */
export const LEASE_MS = 15_000;
/** A holder renews this long after it last began to renew, ... */
const RENEW_MS = 5_000;
/** ... and stops leading this long after: well before anybody else could take over. */
const RENEW_DEADLINE_MS = 10_000;

export interface HeldTerm {
  readonly epoch: number;
  /** Monotonic: when the last renewal that succeeded began. */
  renewedMs: number;
}

/** When the term is over unless it is renewed. */
export function endMsOf({ renewedMs }: HeldTerm): number {
  return renewedMs + RENEW_DEADLINE_MS;
}

export interface LeaseView {
  readonly identity: string;
  readonly lease: Lease;
  /** Monotonic: when the lease was first seen to say this. The times in it are those of another machine's clock. */
  readonly sinceMs: number;
  /** Of all terms ever seen. */
  readonly highestEpoch: number;
  /** Of this process; undefined outside terms. */
  readonly term: HeldTerm | undefined;
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
    // Itself: a term that is over, of a process that ended or an answer that was lost.
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
