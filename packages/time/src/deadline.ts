import type { Clock } from './clock.ts';
import { linkSignals } from './signals.ts';

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * Runs `work` with a signal that aborts with the caller's or after `ms`, by the given clock; throws DeadlineExceeded in
 * the second case. `work` has to end with its signal: it is waited for, so that nothing goes on behind the caller's back. The
 * signal follows the caller's no longer than that. What came in time to a process that stood still has come in time: Node runs timers
 * before it reads what has arrived.
 * AbortSignal.timeout cannot be used: the simulator could not move it.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const inTime = linkSignals(signal, late.signal);
  const timer = clock
    .sleep(ms, done.signal)
    .then(() => clock.sleep(0, done.signal))
    .then(
      () => late.abort(new DeadlineExceeded(`${what} took longer than ${ms} ms`)),
      () => {},
    );
  try {
    return await work(inTime.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (late.signal.aborted) throw late.signal.reason;
    throw error;
  } finally {
    inTime.unlink();
    done.abort();
    await timer;
  }
}
