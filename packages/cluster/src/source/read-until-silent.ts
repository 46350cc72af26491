import { type Clock, linkSignals } from '@kube-prefetch/time';
import { KubeApiError } from '../api/kube-api.ts';

export interface Patience {
  readonly clock: Clock;
  /** How long to wait for the first item, ... */
  readonly openMs: number;
  /** ... and for each later one. */
  readonly silentMs: number;
}

/**
 * Passes each item to `take` until the stream ends or stays silent for too long: a connection does not tell when the other end
 * is gone. Throws Unreachable when not even the first item comes. `open` must end the stream when its signal aborts.
 */
export async function readUntilSilent<T>(
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
