import type { Clock } from './clock.ts';
import { linkSignals } from './signals.ts';

/** "Look again": many firings before the next look count as one, and none is lost while nobody waits. */
export interface Trigger {
  fire(): void;
  /** Resolves when fired or when the monotonic clock reaches `dueMs`, whichever is first; rejects when the signal aborts. */
  next(dueMs: number, signal: AbortSignal): Promise<void>;
}

export function createTrigger(clock: Clock): Trigger {
  let fired = false;
  let wake: AbortController | undefined;

  return {
    fire() {
      fired = true;
      wake?.abort();
    },
    async next(dueMs, signal) {
      signal.throwIfAborted();
      const waitMs = dueMs - clock.monotonicMs();
      if (!fired && waitMs > 0) {
        wake = new AbortController();
        const until = linkSignals(signal, wake.signal);
        try {
          await clock.sleep(waitMs, until.signal);
        } catch {
          signal.throwIfAborted();
        } finally {
          until.unlink();
          wake = undefined;
        }
      }
      fired = false;
    },
  };
}
