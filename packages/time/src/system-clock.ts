import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** Node's timers hold 31 bits; a longer sleep fires at once without this. */
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await delay(Math.min(Math.max(0, ms), MAX_TIMER_MS), undefined, { signal });
    } catch (error) {
      // node:timers rejects with its own AbortError; callers compare with the reason they gave.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
