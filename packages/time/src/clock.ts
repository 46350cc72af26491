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

/** A moment of the wall clock in JavaScript's own type, for libraries that ask for it. */
export function dateOf(wallMs: number): Date {
  return new Date(wallMs);
}
