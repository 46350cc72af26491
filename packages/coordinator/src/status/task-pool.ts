import { linkSignals } from '@kube-prefetch/time';

/** Work beside each other: no more than a few at once, and no two under one name. */
export interface TaskPool {
  hasRoom(): boolean;
  isRunning(name: string): boolean;
  /** Where there is room. What the work throws ends all of it. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts with the caller's signal, or with what work threw. */
  readonly signal: AbortSignal;
  /** Resolves once all that was started has ended. */
  end(): Promise<void>;
}

export function createTaskPool(most: number, ended: () => void, signal: AbortSignal): TaskPool {
  const failed = new AbortController();
  const running = linkSignals(signal, failed.signal);
  const works = new Map<string, Promise<void>>();

  const run = async (name: string, work: (signal: AbortSignal) => Promise<void>) => {
    try {
      await work(running.signal);
    } catch (error) {
      failed.abort(error);
    }
    works.delete(name);
    ended();
  };

  return {
    hasRoom: () => works.size < most,
    isRunning: name => works.has(name),
    start: (name, work) => void works.set(name, run(name, work)),
    signal: running.signal,
    async end() {
      failed.abort(new Error('nothing more is started'));
      await Promise.all(works.values());
      running.unlink();
    },
  };
}
