export interface BackoffBounds {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Full jitter: anywhere between nothing and an exponentially growing ceiling, so that nodes which failed together do not
 * retry together. `attempt` counts failures from 1; `jitter` is drawn in [0, 1).
 */
export function backoffMs(attempt: number, jitter: number, { baseMs, capMs }: BackoffBounds): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceilingMs * jitter);
}
