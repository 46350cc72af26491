import { describe, expect, test } from 'vitest';
import { RuntimeUnavailable } from '../src/index.ts';
import { isPresent, kindOf, NEVER, pull } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

const MIB = 1024 * 1024;

export function outageTests(harness: () => RuntimeHarness) {
  describe('an outage', () => {
    test.each(['stop', 'crash'] as const)('(%s) fails a running pull and every question, and ends', async end => {
      const present = await harness().publish({});
      await pull(harness(), present.reference);
      const image = await harness().publish({ sizeBytes: MIB, bytesPerSecond: MIB / 2 });
      const pulling = kindOf(pull(harness(), image.reference));
      await harness().downloading(image);
      await harness()[end]();
      try {
        expect(await pulling).toBe('RuntimeUnavailable');
        const { runtime } = harness();
        await expect(runtime.look([present.reference], NEVER)).rejects.toBeInstanceOf(RuntimeUnavailable);
        await expect(runtime.version(NEVER)).rejects.toBeInstanceOf(RuntimeUnavailable);
        await expect(runtime.space(NEVER)).rejects.toBeInstanceOf(RuntimeUnavailable);
        expect(await kindOf(pull(harness(), image.reference))).toBe('RuntimeUnavailable');
      } finally {
        await harness().start();
      }
      expect(await isPresent(harness(), present.reference)).toBe(true);
      await pull(harness(), image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('in which the runtime hangs fails every question within seconds, and ends', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      await harness().hang();
      try {
        const { runtime } = harness();
        const asked = [runtime.look([image.reference], NEVER), runtime.version(NEVER), runtime.space(NEVER)];
        for (const answer of await Promise.allSettled(asked))
          expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(RuntimeUnavailable) as unknown });
      } finally {
        await harness().resume();
      }
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('in which the runtime hangs does not hold up a pull that is cancelled', async () => {
      const image = await harness().publish({ sizeBytes: MIB, bytesPerSecond: MIB / 4 });
      const cancel = new AbortController();
      const pulling = kindOf(pull(harness(), image.reference, { signal: cancel.signal }));
      await harness().downloading(image);
      await harness().hang();
      try {
        cancel.abort();
        expect(await pulling).toBe('Cancelled');
      } finally {
        await harness().resume();
      }
    });
  });
}
