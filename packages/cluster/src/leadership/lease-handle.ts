import { type Clock, timestamp, withDeadline } from '@kube-prefetch/time';
import type { KubeApi, KubeObject, ObjectName } from '../api/kube-api.ts';
import { LEASES } from '../api/kinds.ts';
import { type Holder, type Lease, readLease, released, renewed, withTerm } from './lease-object.ts';

/** Short, so that after a call that hung there is time for a second one before the term ends. */
const CALL_MS = 2_000;

/** One Lease on the server, and how it was last seen. A write changes that version, or fails with Conflict. */
export interface LeaseHandle {
  look(signal: AbortSignal): Promise<SeenLease>;
  /** The Lease as last seen. Looks again after a failed write, which the server may have accepted. */
  known(signal: AbortSignal): Promise<SeenLease>;
  hold(holder: Holder, signal: AbortSignal): Promise<void>;
  renew(signal: AbortSignal): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
  /** Undefined before the first look. */
  seen(): SeenLease | undefined;
}

export interface SeenLease {
  readonly lease: Lease;
  /** Monotonic: when these contents were first seen. The times in the Lease come from another machine's clock. */
  readonly sinceMs: number;
  /** The highest of all terms that were ever seen. A Lease that somebody emptied counts from 0 again; epochs do not. */
  readonly highestEpoch: number;
}

export interface LeaseHandleParts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly lease: ObjectName;
}

export function createLeaseHandle({ api, clock, lease: name }: LeaseHandleParts): LeaseHandle {
  let object: KubeObject | undefined;
  let seen: SeenLease | undefined;
  let doubtful = false;

  const take = (next: KubeObject): SeenLease => {
    const lease = readLease(next);
    const sinceMs = seen?.lease.stamp === lease.stamp ? seen.sinceMs : clock.monotonicMs();
    object = next;
    doubtful = false;
    seen = { lease, sinceMs, highestEpoch: Math.max(seen?.highestEpoch ?? 0, lease.transitions) };
    return seen;
  };

  const write = async (change: (object: KubeObject, at: string) => KubeObject, signal: AbortSignal) => {
    if (object === undefined) throw new Error('a lease was written before anybody had looked at it');
    const next = change(object, timestamp(clock));
    doubtful = true;
    take(
      await withDeadline(clock, CALL_MS, signal, 'writing the lease', inTime =>
        api.write({ verb: 'replace', kind: LEASES, object: next }, inTime),
      ),
    );
  };

  const look = async (signal: AbortSignal) =>
    take(await withDeadline(clock, CALL_MS, signal, 'reading the lease', inTime => api.get(LEASES, name, inTime)));

  return {
    look,
    known: async signal => (seen === undefined || doubtful ? look(signal) : seen),
    hold: (holder, signal) => write((current, at) => withTerm(current, holder, at), signal),
    renew: signal => write(renewed, signal),
    release: signal => write(released, signal),
    seen: () => seen,
  };
}
