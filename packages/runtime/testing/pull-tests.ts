import { describe, expect, test } from 'vitest';
import type { Progress } from '../src/index.ts';
import { isPresent, NEVER, pull } from './asking.ts';
import type { RuntimeHarness, RuntimeTraits } from './harness.ts';

const MIB = 1024 * 1024;

export function pullTests(
  harness: () => RuntimeHarness,
  { tellsProgress, countsBytes, downloadsForEach = false }: RuntimeTraits,
) {
  describe('pull', () => {
    test('takes the manifest of this platform from an index', async () => {
      const image = await harness().publish({ form: 'several platforms' });
      await pull(harness(), image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('of a present image downloads nothing', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      const pulled = await pull(harness(), image.reference);
      expect(harness().downloads(image)).toBe(1);
      if (countsBytes) expect(await pulled.countBytes(NEVER)).toBe(0);
    });

    test('brings back what somebody else has deleted', async () => {
      const image = await harness().publish({});
      await pull(harness(), image.reference);
      await harness().remove(image.reference);
      await pull(harness(), image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    const downloads = downloadsForEach ? 3 : 1;
    test(`three at once of one reference download it ${downloads} times in all`, async () => {
      // Long enough for a busy machine to begin all three before the first has ended.
      const bytesPerSecond = downloadsForEach ? MIB / 2 : 4 * MIB;
      const image = await harness().publish({ sizeBytes: 2 * MIB, bytesPerSecond });
      await Promise.all(Array.from({ length: 3 }, () => pull(harness(), image.reference)));
      expect(harness().downloads(image)).toBe(downloads);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });

    test('one that fails does not disturb another', async () => {
      const [good, bad] = [await harness().publish({ sizeBytes: MIB }), await harness().publish({ trouble: 'fails' })];
      const results = await Promise.allSettled([pull(harness(), good.reference), pull(harness(), bad.reference)]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    });

    if (countsBytes) {
      test('counts the bytes that came', async () => {
        const image = await harness().publish({ sizeBytes: 300_000 });
        const pulledBytes = await (await pull(harness(), image.reference)).countBytes(NEVER);
        expect(pulledBytes).toBeGreaterThanOrEqual(300_000);
        expect(pulledBytes).toBeLessThan(310_000);
      });
    }

    if (tellsProgress) {
      test('tells a progress that only rises', async () => {
        const image = await harness().publish({ sizeBytes: 12 * MIB, bytesPerSecond: 4 * MIB });
        const told: Progress[] = [];
        await pull(harness(), image.reference, { progress: progress => told.push(progress) });
        const done = told.map(({ doneBytes }) => doneBytes);
        expect(done).toEqual(done.toSorted((a, b) => a - b));
        const middle = told.filter(({ phase, doneBytes }) => phase === 'downloading' && doneBytes > MIB);
        expect(middle.length).toBeGreaterThan(0);
        for (const { doneBytes, totalBytes = 0 } of middle) expect(doneBytes).toBeLessThanOrEqual(totalBytes);
      });
    }
  });
}
