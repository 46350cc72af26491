import type { Clock } from '@kube-prefetch/time';

/** A request that waits for something to happen. */
export interface WaitingRequest<T> {
  readonly answered: Promise<T>;
  /** The first answer or failure counts; what comes later changes nothing. */
  answer(value: T): void;
  fail(error: Error): void;
}

/** Holds a request open until it is answered; `atEnd` is its answer after `waitMs`. Fails when the signal aborts. */
export function createWaitingRequest<T>(
  clock: Clock,
  waitMs: number,
  signal: AbortSignal,
  atEnd: () => T,
): WaitingRequest<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // Thousands may be answered at once. AbortSignal.any, and an abort without a reason, would be most of what that costs here.
  const done = new AbortController();
  const end = () => {
    signal.removeEventListener('abort', giveUp);
    done.abort(DONE);
  };
  const giveUp = () => {
    reject(signal.reason as Error);
    end();
  };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp, { once: true });
  clock.sleep(waitMs, done.signal).then(
    () => {
      resolve(atEnd());
      end();
    },
    () => {},
  );
  return {
    answered: promise,
    answer(value) {
      resolve(value);
      end();
    },
    fail(error) {
      reject(error);
      end();
    },
  };
}

const DONE = new Error('it was answered');
