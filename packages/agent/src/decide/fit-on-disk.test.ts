import { expect, test } from 'vitest';
import { bytesToWrite, freeForPulls } from './fit-on-disk.ts';
import type { RunningPull } from './judge-pull.ts';

const idle: RunningPull = {
  image: 'a',
  withoutPermit: false,
  startedAtMs: 0,
  changedAtMs: 0,
  progress: undefined,
  sizeBytes: undefined,
  cancelled: false,
};
const downloading = (doneBytes: number, totalBytes?: number): RunningPull => ({
  ...idle,
  progress: { phase: 'downloading', doneBytes, totalBytes },
});
const disk = { space: { usedBytes: 500, capacityBytes: 1_000 }, maxUsedPercent: 80, sizes: new Map([['a', 40]]) };

test.each([
  ['nothing runs', [], 300],
  ['one of known size begins', [idle], 300 - 3 * 40],
  ['it is half here', [downloading(20, 40)], 300 - 3 * 40 + 20],
  ['it turns out larger', [downloading(20, 60)], 300 - 3 * 60 + 20],
  ['one of unknown size runs', [{ ...idle, image: 'b' }], 300],
])('what is free when %s', (_what, running, freeBytes) => {
  expect(freeForPulls(disk, running)).toBe(freeBytes);
});

test('a file system that cannot be seen limits nothing', () => {
  expect(freeForPulls({ ...disk, space: 'unknown' }, [idle])).toBe(Number.POSITIVE_INFINITY);
});

test('an image takes three times its compressed size, and one of unknown size is let through', () => {
  expect([bytesToWrite('a', disk.sizes), bytesToWrite('b', disk.sizes)]).toEqual([120, 0]);
});
