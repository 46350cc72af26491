/** Runs a limited number of calls at once. A limited number of others wait for their turn, in order. */
export interface BoundedCalls {
  /** Throws TooManyCalls when there is no room to wait, and the signal's reason when it aborts before the turn comes. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export class TooManyCalls extends Error {
  override readonly name = 'TooManyCalls';
}

export interface Bounds {
  readonly running: number;
  readonly waiting: number;
}

export function createBoundedCalls(bounds: Bounds): BoundedCalls {
  let running = 0;
  const waiting = new Set<() => void>();

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => {
        waiting.delete(begin);
        reject(signal.reason as Error);
      };
      const begin = () => {
        waiting.delete(begin);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      waiting.add(begin);
      signal.addEventListener('abort', stop, { once: true });
    });

  return {
    async run(work, signal) {
      signal.throwIfAborted();
      if (running < bounds.running) running += 1;
      else if (waiting.size >= bounds.waiting) throw new TooManyCalls(`${waiting.size} calls are waiting already`);
      // A call that ends passes its place on, so `running` stays.
      else await turn(signal);
      try {
        return await work();
      } finally {
        const [next] = waiting;
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
