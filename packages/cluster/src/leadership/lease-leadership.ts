import { type Clock, createRetry, type Random, withDeadline } from '@kube-prefetch/time';
import type { Leadership } from '../ports/leadership.ts';
import { type KubeApi, KubeApiError, type ObjectName } from '../api/kube-api.ts';
import { decideLease, endMsOf, type RunningTerm, LEASE_MS } from './decide-lease.ts';
import { createLeaseHandle, type LeaseHandle } from './lease-handle.ts';

export interface LeaseLeadershipParts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LeadershipLog;
  /** It must exist, perhaps empty: RBAC cannot allow to create one name only. */
  readonly lease: ObjectName;
  /** The pod's name: unique among the processes that run. */
  readonly identity: string;
  /** Where this process serves agents. */
  readonly address: string;
}

export interface LeadershipLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Between two looks at another's lease, and after a failure. Jitter shortens it by up to half. */
const RETRY_MS = 2_000;
/** For the release at the end. */
const RELEASE_MS = 2_000;

/**
 * Leadership by a Lease, as in Kubernetes' own components: the holder renews it, and a candidate that has seen it unchanged for
 * its whole duration takes it. Time is measured by this process's monotonic clock only.
 */
export function createLeaseLeadership(parts: LeaseLeadershipParts): Leadership {
  const { clock, identity } = parts;
  const handle = createLeaseHandle(parts);

  /** The lease while another process holds it. */
  const other = () => {
    const seen = handle.seen();
    if (seen === undefined || clock.monotonicMs() >= seen.sinceMs + seen.lease.durationMs) return undefined;
    const { holder } = seen.lease;
    return holder === undefined || holder === identity ? undefined : seen.lease;
  };

  return {
    async *terms(signal) {
      for (let term = await win(handle, parts, signal); term; term = await win(handle, parts, signal)) {
        const over = new AbortController();
        const running = AbortSignal.any([signal, over.signal]);
        const end = (why: string) => over.abort(new Error(why));
        const beside = [
          keep(handle, parts, term, { signal: running, end }),
          endInTime(clock, term, { signal: running, end }),
        ];
        try {
          yield { epoch: term.epoch, signal: running, endMs: () => endMsOf(term) };
        } finally {
          // The work of this term has stopped: only now may another process lead.
          end('given up');
          await Promise.all(beside);
          if (signal.aborted) await release(handle, parts, term);
        }
      }
    },
    leader: () => other()?.address,
    leaderName: () => other()?.holder,
  };
}

/** Waits until the lease can be taken, and takes it. Undefined when the signal aborts. */
async function win(
  handle: LeaseHandle,
  parts: LeaseLeadershipParts,
  signal: AbortSignal,
): Promise<RunningTerm | undefined> {
  const { clock, identity, address } = parts;
  for (const retry = createRetry(); !signal.aborted; await pause(parts, signal)) {
    try {
      const seen = await handle.look(signal);
      retry.succeeded();
      const renewedMs = clock.monotonicMs();
      if (decideLease({ ...seen, identity, term: undefined }, renewedMs).do !== 'acquire') continue;
      const epoch = seen.highestEpoch + 1;
      await handle.hold({ identity, address, durationMs: LEASE_MS, epoch }, signal);
      return { epoch, renewedMs };
    } catch (err) {
      if (!signal.aborted) tell(parts, retry.failed(), err, 'lease not taken');
    }
  }
  return undefined;
}

interface Ending {
  readonly signal: AbortSignal;
  end(why: string): void;
}

/** Renews the lease until the term ends. */
async function keep(handle: LeaseHandle, parts: LeaseLeadershipParts, term: RunningTerm, { signal, end }: Ending) {
  const { clock, identity } = parts;
  for (const retry = createRetry(); !signal.aborted; ) {
    try {
      const seen = await handle.known(signal);
      const now = clock.monotonicMs();
      const step = decideLease({ ...seen, identity, term }, now);
      if (step.do === 'end') end(step.why);
      else if (step.do === 'wait') await clock.sleep(step.untilMs - now, signal);
      else {
        await handle.renew(signal);
        term.renewedMs = now;
        retry.succeeded();
      }
    } catch (err) {
      if (signal.aborted) return;
      tell(parts, retry.failed(), err, 'lease not renewed');
      await pause(parts, signal);
    }
  }
}

/** Ends the term in time even when the calls that should renew it hang. */
async function endInTime(clock: Clock, term: RunningTerm, { signal, end }: Ending): Promise<void> {
  while (!signal.aborted) {
    const leftMs = endMsOf(term) - clock.monotonicMs();
    if (leftMs <= 0) end('the lease could not be renewed in time');
    else await clock.sleep(leftMs, signal).catch(() => {});
  }
}

/** Lets a successor take over at once. When this fails, the successor waits until the lease expires. */
async function release(handle: LeaseHandle, parts: LeaseLeadershipParts, term: RunningTerm): Promise<void> {
  try {
    await withDeadline(parts.clock, RELEASE_MS, new AbortController().signal, 'releasing the lease', async inTime => {
      const { lease } = await handle.known(inTime);
      if (lease.holder === parts.identity && lease.transitions === term.epoch) await handle.release(inTime);
    });
  } catch (err) {
    tell(parts, true, err, 'lease not released');
  }
}

/** Ends early when the signal aborts; the caller checks the signal. */
function pause({ clock, random }: LeaseLeadershipParts, signal: AbortSignal): Promise<void> {
  return clock.sleep(RETRY_MS * (1 - random() / 2), signal).catch(() => {});
}

/** Warns of the first of several failures in a row. That another candidate was faster is no failure. */
function tell({ log, lease }: LeaseLeadershipParts, first: boolean, err: unknown, message: string): void {
  const raced = err instanceof KubeApiError && err.failure === 'Conflict';
  log[first && !raced ? 'warn' : 'debug']({ err, lease }, message);
}
