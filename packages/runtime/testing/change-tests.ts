import { describe, expect, test } from 'vitest';
import { RuntimeUnavailable } from '../src/index.ts';
import { NEVER, pull } from './asking.ts';
import { startListening } from './listening.ts';
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
