import type { Random } from './random.ts';

export interface RetryBounds {
  /** The ceiling after the first failure. It doubles with each further one. */
  readonly baseMs: number;
  readonly capMs: number;
  /** Added to every pause: jitter alone may draw one of no length. */
  readonly floorMs?: number;
}

/**
 * Full jitter: anywhere between nothing and an exponentially growing ceiling, so that nodes which failed together do not
 * retry together. `attempt` counts failures from 1; `jitter` is drawn in [0, 1).
 */
export function backoffMs(attempt: number, jitter: number, { baseMs, capMs, floorMs = 0 }: RetryBounds): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return floorMs + Math.round(ceilingMs * jitter);
}

/** Counts the failures in a row of something that is tried again and again. */
export interface Retry {
  /** 0 after a success. */
  readonly failures: number;
  /** Counts a failure; true for the first of a row, which is the one to log. */
  failed(): boolean;
  /** Ends the row; true where there was one. */
  succeeded(): boolean;
  /** How long to wait before the next try; 0 after a success. */
  pauseMs(bounds: RetryBounds): number;
}

/** Without `random` every pause has its full length: for a process that has no others to keep out of step with. */
export function createRetry(random: Random = () => 1): Retry {
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    failed: () => ++failures === 1,
    succeeded() {
      const recovered = failures > 0;
      failures = 0;
      return recovered;
    },
    pauseMs: bounds => (failures === 0 ? 0 : backoffMs(failures, random(), bounds)),
  };
}
