/** Lets a bounded number of calls run at once, and a bounded number wait for their turn, in order. */
export interface BoundedCalls {
  /** Throws TooManyCalls where there is no room to wait, and the signal's reason where it aborts before its turn. */
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
      // Whoever ends hands its place over.
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
