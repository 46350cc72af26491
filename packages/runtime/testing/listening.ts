import { systemClock } from '@kube-prefetch/time';
import type { ImageRuntime } from '../src/index.ts';

export interface Listening {
  /** Whether a change was told, now or within so long. */
  heard(withinMs: number): Promise<boolean>;
  /** What the changes ended with. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

export function startListening(runtime: ImageRuntime): Listening {
  const stop = new AbortController();
  const changes = runtime.changes(stop.signal);
  if (changes === 'unsupported') throw new Error('expected a runtime that tells of changes');
  const first = Promise.withResolvers<true>();
  async function listen(told: AsyncIterable<void>): Promise<unknown> {
    try {
      for await (const _ of told) first.resolve(true);
      return 'returned';
    } catch (error) {
      return error;
    }
  }
  const ended = listen(changes);
  return {
    heard: withinMs => Promise.race([first.promise, systemClock.sleep(withinMs).then(() => false)]),
    ended,
    stop() {
      stop.abort();
      return ended;
    },
  };
}
