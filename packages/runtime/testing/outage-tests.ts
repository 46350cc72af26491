import { describe, expect, test } from 'vitest';
import { RuntimeUnavailable } from '../src/index.ts';
import { isPresent, kindOf, NEVER, pull } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

const MIB = 1024 * 1024;
/** A busy machine ends its runtime later, and still in mid-download. */
const SLOW = { sizeBytes: MIB, bytesPerSecond: MIB / 8 };
const UNAVAILABLE = { status: 'rejected', reason: expect.any(RuntimeUnavailable) as unknown };

export function outageTests(harness: () => RuntimeHarness) {
  describe('an outage', () => {
    test.each(['stop', 'crash'] as const)('(%s) fails a running pull and every question, and ends', async end => {
      const present = await harness().publish({});
      await pull(harness(), present.reference);
      const image = await harness().publish(SLOW);
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

    test('in which the runtime hangs fails every look within seconds, and ends', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      const { runtime } = harness();
      const version = await runtime.version(NEVER);
      await harness().hang();
      try {
        const [look, who, space] = await Promise.allSettled([
          runtime.look([image.reference], NEVER),
          runtime.version(NEVER),
          runtime.space(NEVER),
        ]);
        expect(look).toMatchObject(UNAVAILABLE);
        // What it said of itself on this connection may be repeated.
        if (who.status === 'fulfilled') expect(who.value).toEqual(version);
        else expect(who).toMatchObject(UNAVAILABLE);
        if (space.status === 'rejected') expect(space).toMatchObject(UNAVAILABLE);
      } finally {
        await harness().resume();
      }
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('in which the runtime hangs does not hold up a pull that is cancelled', async () => {
      const image = await harness().publish(SLOW);
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
