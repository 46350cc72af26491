import type { Clock } from '@kube-prefetch/time';

/** Longer than any look and any wait between two of them. */
const STUCK_AFTER_MS = 300_000;

/** Whether the line turns, for the health checks. */
export interface Pulse {
  beat(looked: boolean): void;
  /** False: the process is stuck, start another. */
  alive(): boolean;
  /** The last look was answered by the right runtime. */
  ready(): boolean;
}

export function createPulse(clock: Clock): Pulse {
  let beatMs = clock.monotonicMs();
  let ready = false;
  return {
    beat(looked) {
      beatMs = clock.monotonicMs();
      ready = looked;
    },
    alive: () => clock.monotonicMs() - beatMs < STUCK_AFTER_MS,
    ready: () => ready,
  };
}
