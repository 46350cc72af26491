import { type Clock, linkSignals } from '@kube-prefetch/time';
import { KubeApiError } from '../api/kube-api.ts';

export interface Patience {
  readonly clock: Clock;
  /** For the first item. */
  readonly openMs: number;
  /** Between items. */
  readonly silentMs: number;
}

/**
 * Hands on what the stream brings, until it ends or stays silent for too long: a connection of which the other end is gone
 * does not say so. One that never brings anything is unreachable. `open` has to end the stream with its signal.
 */
export async function untilSilent<T>(
  { clock, openMs, silentMs }: Patience,
  open: (signal: AbortSignal) => AsyncIterable<T>,
  take: (item: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const cut = new AbortController();
  const done = new AbortController();
  let heard = false;
  let limitMs = clock.monotonicMs() + openMs;
  const watchdog = async () => {
    for (let restMs = openMs; restMs > 0; restMs = limitMs - clock.monotonicMs()) {
      await clock.sleep(restMs, done.signal);
    }
    cut.abort(new KubeApiError('Unreachable', `no answer within ${openMs / 1000} s`));
  };
  const until = linkSignals(signal, cut.signal);
  const watching = watchdog().catch(() => {});
  try {
    for await (const item of open(until.signal)) {
      heard = true;
      limitMs = clock.monotonicMs() + silentMs;
      take(item);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!cut.signal.aborted) throw error;
    if (!heard) throw cut.signal.reason;
  } finally {
    until.unlink();
    done.abort();
    await watching;
  }
}
