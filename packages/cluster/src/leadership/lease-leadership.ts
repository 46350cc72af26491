import { type Clock, type Random, withDeadline } from '@kube-prefetch/time';
import type { Leadership } from '../ports/leadership.ts';
import { type KubeApi, KubeApiError, type ObjectName } from '../api/kube-api.ts';
import { decideLease, endMsOf, type HeldTerm, LEASE_MS } from './decide-lease.ts';
import { createLeaseHandle, type LeaseHandle } from './lease-handle.ts';

export interface LeaseLeadershipParts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LeadershipLog;
  /** It exists already, perhaps empty: a right to create cannot be given for one name. */
  readonly lease: ObjectName;
  /** The pod's name: no two processes that live at once have the same. */
  readonly identity: string;
  /** Where this process serves agents. */
  readonly address: string;
}

export interface LeadershipLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Between two looks at a lease that another holds, and after a failure; jitter takes up to half of it away. */
const RETRY_MS = 2_000;
/** For telling a successor that it need not wait. */
const RELEASE_MS = 2_000;

/**
 * Leadership by a Lease, as Kubernetes' own components have it: the holder renews it, and whoever sees it unchanged for its
 * whole length takes it. Only this process's monotonic clock counts.
 */
export function createLeaseLeadership(parts: LeaseLeadershipParts): Leadership {
  const { clock, identity } = parts;
  const handle = createLeaseHandle(parts);

  return {
    async *terms(signal) {
      for (let term = await win(handle, parts, signal); term; term = await win(handle, parts, signal)) {
        const over = new AbortController();
        const held = AbortSignal.any([signal, over.signal]);
        const end = (why: string) => over.abort(new Error(why));
        const beside = [
          keep(handle, parts, term, { signal: held, end }),
          endInTime(clock, term, { signal: held, end }),
        ];
        try {
          yield { epoch: term.epoch, signal: held };
        } finally {
          // Whoever led has stopped by now, and only now may another begin.
          end('given up');
          await Promise.all(beside);
          if (signal.aborted) await release(handle, parts, term);
        }
      }
    },
    leader() {
      const seen = handle.seen();
      if (seen === undefined || clock.monotonicMs() >= seen.sinceMs + seen.lease.durationMs) return undefined;
      const { holder, address } = seen.lease;
      return holder === undefined || holder === identity ? undefined : address;
    },
  };
}

/** Looks until the lease can be had, and takes it; undefined once the signal aborts. */
async function win(
  handle: LeaseHandle,
  parts: LeaseLeadershipParts,
  signal: AbortSignal,
): Promise<HeldTerm | undefined> {
  const { clock, identity, address } = parts;
  for (let failures = 0; !signal.aborted; await pause(parts, signal)) {
    try {
      const seen = await handle.look(signal);
      failures = 0;
      const renewedMs = clock.monotonicMs();
      if (decideLease({ ...seen, identity, term: undefined }, renewedMs).do !== 'acquire') continue;
      const epoch = seen.highestEpoch + 1;
      await handle.hold({ identity, address, durationMs: LEASE_MS, epoch }, signal);
      return { epoch, renewedMs };
    } catch (err) {
      if (!signal.aborted) tell(parts, ++failures, err, 'lease not taken');
    }
  }
  return undefined;
}

interface Ending {
  readonly signal: AbortSignal;
  end(why: string): void;
}

/** Renews for as long as the lease is this term's. */
async function keep(handle: LeaseHandle, parts: LeaseLeadershipParts, term: HeldTerm, { signal, end }: Ending) {
  const { clock, identity } = parts;
  for (let failures = 0; !signal.aborted; ) {
    try {
      const seen = await handle.known(signal);
      const now = clock.monotonicMs();
      const step = decideLease({ ...seen, identity, term }, now);
      if (step.do === 'end') end(step.why);
      else if (step.do === 'wait') await clock.sleep(step.untilMs - now, signal);
      else {
        await handle.renew(signal);
        term.renewedMs = now;
        failures = 0;
      }
    } catch (err) {
      if (signal.aborted) return;
      tell(parts, ++failures, err, 'lease not renewed');
      await pause(parts, signal);
    }
  }
}

/** Ends the term in time whatever becomes of the calls that should renew it. */
async function endInTime(clock: Clock, term: HeldTerm, { signal, end }: Ending): Promise<void> {
  while (!signal.aborted) {
    const leftMs = endMsOf(term) - clock.monotonicMs();
    if (leftMs <= 0) end('the lease could not be renewed in time');
    else await clock.sleep(leftMs, signal).catch(() => {});
  }
}

/** Tells a successor that it need not wait. Where that fails it finds out by itself. */
async function release(handle: LeaseHandle, parts: LeaseLeadershipParts, term: HeldTerm): Promise<void> {
  try {
    await withDeadline(parts.clock, RELEASE_MS, new AbortController().signal, 'releasing the lease', async inTime => {
      const { lease } = await handle.known(inTime);
      if (lease.holder === parts.identity && lease.transitions === term.epoch) await handle.release(inTime);
    });
  } catch (err) {
    tell(parts, 1, err, 'lease not released');
  }
}

/** Ends early with the signal, which whoever pauses looks at anyway. */
function pause({ clock, random }: LeaseLeadershipParts, signal: AbortSignal): Promise<void> {
  return clock.sleep(RETRY_MS * (1 - random() / 2), signal).catch(() => {});
}

/** The first of a row of failures at a level that is seen; that another was faster is none. */
function tell({ log, lease }: LeaseLeadershipParts, failures: number, err: unknown, message: string): void {
  const raced = err instanceof KubeApiError && err.failure === 'Conflict';
  log[failures === 1 && !raced ? 'warn' : 'debug']({ err, lease, failures }, message);
}
