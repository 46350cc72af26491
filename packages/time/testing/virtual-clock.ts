import type { Clock } from '../src/clock.ts';

interface Sleeper {
  readonly atMs: number;
  wake(): void;
}

/** A clock that stands still until a test or the simulator moves it. */
export interface VirtualClock extends Clock {
  /** Moves both clocks on and wakes sleepers in order of their time, letting promise reactions run between them. */
  advance(ms: number): Promise<void>;
  /** Moves both clocks on while nothing runs, as when the machine is paused: what was due wakes late, with the next advance. */
  suspend(ms: number): void;
  /** Moves the wall clock alone, as an administrator or NTP would. */
  jumpWall(ms: number): void;
  /** How many sleeps are pending: 0 after a shutdown that left nothing behind. */
  sleepers(): number;
  /** In how long the next sleeper wakes; Infinity if none does. */
  nextWakeMs(): number;
}

/** A clock on which no wait takes time: when nothing else is left to do in this process, it moves on to the next sleeper. */
export function createSkippingClock(): Clock {
  const clock = createVirtualClock();
  let moving = false;
  const move = async () => {
    moving = true;
    await settle();
    for (let ms = clock.nextWakeMs(); ms < Infinity; ms = clock.nextWakeMs()) await clock.advance(ms);
    moving = false;
  };
  return {
    wallMs: clock.wallMs,
    monotonicMs: clock.monotonicMs,
    sleep(ms, signal) {
      const slept = clock.sleep(ms, signal);
      if (!moving) void move();
      return slept;
    },
  };
}

export function createVirtualClock(startWallMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let monotonic = 0;
  let wallOffset = startWallMs;
  const sleepers = new Set<Sleeper>();

  return {
    wallMs: () => wallOffset + monotonic,
    monotonicMs: () => monotonic,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper: Sleeper = {
          atMs: monotonic + Math.max(0, ms),
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    async advance(ms) {
      const untilMs = monotonic + ms;
      await settle();
      for (let next = earliest(sleepers); next && next.atMs <= untilMs; next = earliest(sleepers)) {
        monotonic = Math.max(monotonic, next.atMs);
        next.wake();
        await settle();
      }
      monotonic = untilMs;
      await settle();
    },
    suspend(ms) {
      monotonic += ms;
    },
    jumpWall(ms) {
      wallOffset += ms;
    },
    sleepers: () => sleepers.size,
    nextWakeMs: () => (earliest(sleepers)?.atMs ?? Infinity) - monotonic,
  };
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) if (first === undefined || sleeper.atMs < first.atMs) first = sleeper;
  return first;
}

/** Runs all pending promise reactions: a macrotask starts only when none is left. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
