import { systemClock } from '@kube-prefetch/time';
import { describe, expect, test } from 'vitest';
import { type ImageRuntime, RuntimeUnavailable } from '../src/index.ts';
import { NEVER, pull } from './asking.ts';
import type { RuntimeHarness, RuntimeTraits } from './harness.ts';

/** One may go unnoticed where a runtime does not say when it has begun to listen. */
const DELETIONS = 3;
const SOON_MS = 5_000;
const LATE_MS = 60_000;

export function changeTests(harness: () => RuntimeHarness, { tellsChanges }: RuntimeTraits) {
  if (!tellsChanges) {
    test('changes are said to be unsupported', () => {
      expect(harness().runtime.changes(NEVER)).toBe('unsupported');
    });
    return;
  }

  describe('changes', () => {
    test('tell of an image that somebody else has deleted', async () => {
      const images = await Promise.all(Array.from({ length: DELETIONS }, () => harness().publish({})));
      for (const { reference } of images) await pull(harness(), reference);
      const listening = startListening(harness().runtime);
      await listening.begun;
      for (const { reference } of images) {
        await harness().remove(reference);
        if (await listening.heard(SOON_MS)) break;
      }
      expect(await listening.heard(LATE_MS)).toBe(true);
      expect(await listening.stop()).toBe('returned');
    });

    test('return when the signal aborts, begun or not', async () => {
      expect(await startListening(harness().runtime).stop()).toBe('returned');
      const listening = startListening(harness().runtime);
      await listening.begun;
      expect(await listening.stop()).toBe('returned');
    });

    test('throw RuntimeUnavailable where there is no runtime', async () => {
      await harness().stop();
      try {
        expect(await startListening(harness().runtime).ended).toBeInstanceOf(RuntimeUnavailable);
      } finally {
        await harness().start();
      }
    });

    test('throw RuntimeUnavailable when the runtime goes away', async () => {
      const listening = startListening(harness().runtime);
      await listening.begun;
      await harness().stop();
      try {
        expect(await listening.ended).toBeInstanceOf(RuntimeUnavailable);
      } finally {
        await harness().start();
      }
    });
  });
}

interface ChangesHeard {
  /** Resolves when it has begun to listen. */
  readonly begun: Promise<void>;
  /** Whether a change was told since then, now or within so long. */
  heard(withinMs: number): Promise<boolean>;
  /** What the changes ended with. */
  readonly ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

function startListening(runtime: ImageRuntime): ChangesHeard {
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
