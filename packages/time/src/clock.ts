/**
 * Wall and monotonic time kept apart: decisions use the monotonic one, which no administrator and no NTP step moves;
 * the wall clock only labels things for people.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Milliseconds since some start of this process; never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The wall clock as people read it in status and messages. */
export function timestamp(clock: Clock): string {
  return new Date(clock.wallMs()).toISOString();
}

/** A moment of the monotonic clock, as the wall clock shows it now. */
export function timestampAt(clock: Clock, monotonicMs: number): string {
  return new Date(clock.wallMs() + monotonicMs - clock.monotonicMs()).toISOString();
}

/** A moment of the wall clock in JavaScript's own type, for libraries that ask for it. */
export function dateOf(wallMs: number): Date {
  return new Date(wallMs);
}

/** Of what another machine wrote as RFC 3339. Undefined for what is none. */
export function wallMsOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Node's timers hold 31 bits; a longer sleep fires at once without this. */
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // The promises of node:timers would make an AbortError, with its stack, of each sleep that ends early: thousands when polls are answered.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const wake = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), MAX_TIMER_MS));
      const giveUp = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
    }),
};

/** Returns what tells how much of the time since its last call the event loop was busy, from 0 to 1. */
export function createBusyShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
