import { linkSignals } from '@kube-prefetch/time';

/** Tasks that run beside each other: a few at once, and no two under one name. */
export interface TaskPool {
  hasRoom(): boolean;
  isRunning(name: string): boolean;
  /** To be called where there is room. A task that throws ends all of them. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts with the caller's signal, or with what a task threw. */
  readonly signal: AbortSignal;
  /** Resolves once every task has ended. */
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
