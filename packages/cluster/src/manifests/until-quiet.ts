import type { Clock, Trigger } from '@kube-prefetch/time';

/** A save is several events; it is over once this long has passed without one. */
const QUIET_MS = 20;
const MAX_MS = 200;

/** Resolves once the trigger has not fired for a while, but does not wait for ever. */
export async function untilQuiet(trigger: Trigger, clock: Clock, signal: AbortSignal): Promise<void> {
  const latestMs = clock.monotonicMs() + MAX_MS;
  for (;;) {
    const dueMs = Math.min(clock.monotonicMs() + QUIET_MS, latestMs);
    await trigger.next(dueMs, signal);
    // A timer may fire a millisecond early.
    if (clock.monotonicMs() >= dueMs - 1) return;
  }
}
