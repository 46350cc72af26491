import { expect, test } from 'vitest';
import { aRunningPull } from '../../testing/builders.ts';
import { bytesToWrite, freeForPulls, judgeRunning } from './fit-on-disk.ts';
import type { RunningPull } from './judge-stall.ts';

const idle = aRunningPull();
const downloading = (doneBytes: number, totalBytes?: number): RunningPull => ({
  ...idle,
  progress: { phase: 'downloading', doneBytes, totalBytes },
});
const disk = {
  space: { usedBytes: 500, capacityBytes: 1_000 },
  maxUsedPercent: 80,
  settling: false,
  sizes: new Map([['a', 40]]),
};

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

const limit = { ...disk, sizes: new Map() };
const full = { ...limit, space: { usedBytes: 830, capacityBytes: 1_000 } };
const pull = (image: string, startedAtMs: number, parts: Partial<RunningPull>): RunningPull => ({
  ...downloading(20, 60),
  image,
  startedAtMs,
  ...parts,
});

test.each([
  ['a total that fits goes on with it', limit, [{}], { fit: ['a'] }],
  ['a total that does not fit stops', limit, [{ progress: downloading(1, 101).progress }], { tooLarge: ['a'] }],
  ['totals are judged one after the other', limit, [{}, {}], { fit: ['a'], tooLarge: ['b'] }],
  ['a total that was counted is not judged again', { ...full, settling: true }, [{ sizeBytes: 60 }], {}],
  [
    'a total that grew is judged by all of it',
    limit,
    [{ sizeBytes: 59, progress: downloading(1, 101).progress }],
    { tooLarge: ['a'] },
  ],
  [
    'an unseen disk stops nothing',
    { ...limit, space: 'unknown' },
    [{ progress: downloading(1, 1e15).progress }],
    { fit: ['a'] },
  ],
  [
    'past the limit the last started stops',
    { ...full, space: { usedBytes: 815, capacityBytes: 1_000 } },
    [{ sizeBytes: 60 }, { sizeBytes: 60 }],
    { overLimit: ['b'] },
  ],
  [
    'and as many as it takes',
    full,
    [{ sizeBytes: 60 }, { sizeBytes: 60 }, { sizeBytes: 60 }],
    { overLimit: ['c', 'b'] },
  ],
  [
    'those that stop already count',
    full,
    [{ sizeBytes: 60 }, { sizeBytes: 60 }, { sizeBytes: 60, cancelled: true }],
    { overLimit: ['b'] },
  ],
  ['and nothing stops while a stop settles', { ...full, settling: true }, [{ sizeBytes: 60 }], {}],
] as const)('of running pulls, %s', (_rule, disk, parts, outcome) => {
  const running = parts.map((part, i) => pull('abc'[i] as string, i, part));
  const { fit, ...stops } = judgeRunning(disk, running);
  expect({ ...stops, fit: fit.map(({ image }) => image) }).toEqual({
    fit: [],
    tooLarge: [],
    overLimit: [],
    ...outcome,
  });
});
