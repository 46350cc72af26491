import { systemClock } from '@kube-prefetch/time';
import type { ImageRuntime } from '../src/index.ts';

export interface ChangesHeard {
  /** Resolves when it has begun to listen. */
  readonly begun: Promise<void>;
  /** Whether a change was told since then, now or within so long. */
  heard(withinMs: number): Promise<boolean>;
  /** What the changes ended with. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

export function startListening(runtime: ImageRuntime): ChangesHeard {
  const stop = new AbortController();
  const changes = runtime.changes(stop.signal);
  if (changes === 'unsupported') throw new Error('expected a runtime that tells of changes');
  const begun = Promise.withResolvers<void>();
  const change = Promise.withResolvers<true>();
  async function listen(told: AsyncIterable<void>): Promise<unknown> {
    try {
      let yielded = 0;
      for await (const _ of told) {
        if (yielded === 0) begun.resolve();
        else change.resolve(true);
        yielded += 1;
      }
      return 'returned';
    } catch (error) {
      return error;
    }
  }
  const ended = listen(changes);
  return {
    heard: withinMs => Promise.race([change.promise, systemClock.sleep(withinMs).then(() => false)]),
    begun: begun.promise,
    ended,
    stop() {
      stop.abort();
      return ended;
    },
  };
}
