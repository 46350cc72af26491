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
  const done = new AbortController();
  clock.sleep(waitMs, AbortSignal.any([signal, done.signal])).then(
    () => resolve(atEnd()),
    () => reject(signal.reason as Error),
  );
  return {
    answered: promise,
    answer(value) {
      resolve(value);
      done.abort();
    },
    fail(error) {
      reject(error);
      done.abort();
    },
  };
}
