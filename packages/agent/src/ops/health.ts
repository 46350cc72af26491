import type { Clock } from '@kube-prefetch/time';

/** Longer than any look and any wait between two of them. */
const STUCK_AFTER_MS = 300_000;

/** What the health checks of the kubelet are told. */
export interface Health {
  /** The line has looked at the node, or tried to. */
  looked(answered: boolean): void;
  /** False where the line no longer looks: the process is stuck, and the kubelet should start another. */
  alive(): boolean;
  /** Whether the last look was answered by the kubelet's runtime. */
  ready(): boolean;
}

export function createHealth(clock: Clock): Health {
  let lookedMs = clock.monotonicMs();
  let ready = false;
  return {
    looked(answered) {
      lookedMs = clock.monotonicMs();
      ready = answered;
    },
    alive: () => clock.monotonicMs() - lookedMs < STUCK_AFTER_MS,
    ready: () => ready,
  };
}
