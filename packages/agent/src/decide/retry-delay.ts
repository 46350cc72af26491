import { type FailureKind, isPermanent, type PermanentFailure } from '@kube-prefetch/protocol';
import { backoffMs } from '@kube-prefetch/time';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

interface Delay {
  readonly baseMs: number;
  readonly capMs: number;
  /** The least share of the growing delay; 0: jitter may shorten it to nothing. */
  readonly atLeast: number;
}

/** The cause may be gone in a moment. */
const TRANSIENT: Delay = { baseMs: SECOND_MS, capMs: 5 * MINUTE_MS, atLeast: 0 };
/** Somebody has to change something, and nothing tells the agent when it is done. */
const PERMANENT: Delay = { baseMs: 4 * MINUTE_MS, capMs: HOUR_MS, atLeast: 0.5 };
/** Each try sends requests to a registry that has just refused them. */
const RATE_LIMITED: Delay = { baseMs: 2 * MINUTE_MS, capMs: 30 * MINUTE_MS, atLeast: 0.5 };
/** Most likely the kubelet's image garbage collection deletes what the agent pulls: do not fight it. */
const EVICTED: Delay = { baseMs: 20 * MINUTE_MS, capMs: 6 * HOUR_MS, atLeast: 0.5 };

/** A mirror still answers the tag with what it had before; how long it will, nobody says. */
const OUTDATED: Delay = { baseMs: 10 * MINUTE_MS, capMs: 6 * HOUR_MS, atLeast: 0.5 };

const OTHER_DELAYS: Readonly<Record<Exclude<FailureKind, PermanentFailure>, Delay>> = {
  RateLimited: RATE_LIMITED,
  Evicted: EVICTED,
  Outdated: OUTDATED,
  RegistryUnavailable: TRANSIENT,
  DiskFull: TRANSIENT,
  Corrupt: TRANSIENT,
  RuntimeUnavailable: TRANSIENT,
  RuntimeMismatch: TRANSIENT,
  Stalled: TRANSIENT,
  Cancelled: TRANSIENT,
  Unknown: TRANSIENT,
};

/** How long after its `failures`-th failure in a row an image is tried again; `jitter` is drawn in [0, 1). */
export function retryDelayMs(kind: FailureKind, failures: number, jitter: number): number {
  const { atLeast, ...bounds } = isPermanent(kind) ? PERMANENT : OTHER_DELAYS[kind];
  return backoffMs(failures, atLeast + (1 - atLeast) * jitter, bounds);
}
