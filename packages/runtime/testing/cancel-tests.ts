import { describe, expect, test } from 'vitest';
import { isPresent, kindOf, pull } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

const MIB = 1024 * 1024;
/** A busy machine cancels later, and still in mid-download. */
const SLOW = { sizeBytes: MIB, bytesPerSecond: MIB / 6 };

export function cancelTests(harness: () => RuntimeHarness) {
  describe('a cancelled pull', () => {
    test('makes the registry see the connection close, and leaves nothing', async () => {
      const image = await harness().publish({ sizeBytes: 4 * MIB, bytesPerSecond: 100_000 });
      const cancel = new AbortController();
      const pulling = kindOf(pull(harness(), image.reference, { signal: cancel.signal }));
      await harness().downloading(image);
      cancel.abort();
      expect(await pulling).toBe('Cancelled');
      await harness().hungUp(image);
      expect(await isPresent(harness(), image.reference)).toBe(false);
    });

    test('can be started again', async () => {
      const image = await harness().publish(SLOW);
      const cancel = new AbortController();
      const pulling = kindOf(pull(harness(), image.reference, { signal: cancel.signal }));
      await harness().downloading(image);
      cancel.abort();
      expect(await pulling).toBe('Cancelled');
      await pull(harness(), image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('leaves another pull of the same image running', async () => {
      const image = await harness().publish(SLOW);
      const cancel = new AbortController();
      const [first, second] = [
        kindOf(pull(harness(), image.reference, { signal: cancel.signal })),
        pull(harness(), image.reference),
      ];
      await harness().downloading(image);
      cancel.abort();
      expect(await first).toBe('Cancelled');
      await second;
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('asks for nothing when it was cancelled before it began', async () => {
      const image = await harness().publish({});
      expect(await kindOf(pull(harness(), image.reference, { signal: AbortSignal.abort() }))).toBe('Cancelled');
      expect(harness().requests(image)).toBe(0);
    });
  });
}
