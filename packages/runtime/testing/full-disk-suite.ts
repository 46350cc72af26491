import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '@kube-prefetch/time';
import type { FailureKind } from '@kube-prefetch/protocol';
import { PullFailure } from '../src/index.ts';
import { isPresent, kindOf, NEVER, pull } from './asking.ts';
import type { RuntimeHarness } from './harness.ts';

type FullDiskHarness = Pick<RuntimeHarness, 'runtime' | 'publish' | 'close'>;

/** Only what never happens takes so many, a second apart. */
const MAX_TRIES = 120;
/** containerd may collect what a pull just found there ("parent snapshot … does not exist", Unknown): it is tried again. */
const CLEANING_UP = new Set<FailureKind>(['DiskFull', 'Unknown']);

/** The harness's runtime keeps its images on a file system of `capacityBytes`. */
export function fullDiskSuite(name: string, capacityBytes: number, makeHarness: () => Promise<FullDiskHarness>): void {
  describe(`${name} with a small disk`, () => {
    let made: FullDiskHarness | undefined;
    beforeAll(async () => {
      made = await makeHarness();
    });
    afterAll(() => made?.close());
    const harness = () => made as FullDiskHarness;

    test('says how small it is', async () => {
      expect(await harness().runtime.space(NEVER)).toMatchObject({ capacityBytes });
    });

    test.each([
      ['the download', 1.5],
      ['unpacking', 0.7],
    ])('a disk that %s fills up is DiskFull', async (_, share) => {
      const image = await harness().publish({ sizeBytes: Math.round(share * capacityBytes) });
      expect(await kindOf(pull(harness(), image.reference))).toBe('DiskFull');
    });

    test('a small image fits once the runtime has cleaned up', async () => {
      const image = await harness().publish({});
      await pullWhenThereIsRoom(harness(), image.reference);
      expect(await isPresent(harness(), image.reference)).toBe(true);
    });
  });
}

async function pullWhenThereIsRoom(harness: FullDiskHarness, reference: string): Promise<void> {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    try {
      await pull(harness, reference);
      return;
    } catch (error) {
      if (!(error instanceof PullFailure && CLEANING_UP.has(error.kind))) throw error;
    }
    await systemClock.sleep(1_000);
  }
  await pull(harness, reference);
}
