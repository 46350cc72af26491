import type { Progress } from '@kube-prefetch/runtime';
import { expect, test } from 'vitest';
import { aRunningPull } from '../../testing/builders.ts';
import { givenUpAtMs, isSlow, movePace, type RunningPull, startPace } from './judge-stall.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GB = 1e9;
const pull = aRunningPull({ startedAtMs: 1_000, changedAtMs: 5_000, pace: startPace(1_000) });

const rows: readonly [string, Progress | undefined, number | undefined, number][] = [
  ['nothing is seen', undefined, undefined, 1_000 + HOUR],
  ['nothing is seen of a large one', undefined, 10 * GB, 1_000 + HOUR + 10_000 * 1_000],
  ['it resolves', { phase: 'resolving', doneBytes: 0, totalBytes: undefined }, undefined, 5_000 + 2 * MINUTE],
  ['it downloads', { phase: 'downloading', doneBytes: 5, totalBytes: 10 }, 10 * GB, 5_000 + 2 * MINUTE],
  ['it unpacks', { phase: 'unpacking', doneBytes: 10, totalBytes: 10 }, undefined, 5_000 + 10 * MINUTE],
  [
    'it unpacks much',
    { phase: 'unpacking', doneBytes: GB, totalBytes: GB },
    undefined,
    5_000 + 10 * MINUTE + 1_000 * 1_000,
  ],
];

test.each(rows)('a pull of which %s is given up in time', (_what, progress, sizeBytes, atMs) => {
  const running: RunningPull = { ...pull, progress, sizeBytes };
  expect(givenUpAtMs(running, { stallTimeoutMs: 2 * MINUTE })).toBeCloseTo(atMs, 0);
});

const downloading = (doneBytes: number): Progress => ({ phase: 'downloading', doneBytes, totalBytes: 1e9 });
test.each([
  ['one that has just begun', [], 59_999, downloading(0), false],
  ['one without a byte in a minute', [], 60_000, downloading(0), true],
  ['one at the floor', [], 100_000, downloading(100_000), false],
  ['one just below it', [], 100_000, downloading(99_999), true],
  [
    'one that was fast and now trickles',
    [
      [60_000, 5e6],
      [120_000, 5e6 + 10],
    ],
    121_000,
    downloading(5e6 + 10),
    true,
  ],
  [
    'one that trickled and now is fast',
    [
      [60_000, 10],
      [120_000, 2e5],
    ],
    121_000,
    downloading(2e5),
    false,
  ],
  ['one that resolves for ever', [], 60_000, { phase: 'resolving', doneBytes: 0, totalBytes: undefined }, true],
  ['one that unpacks', [], 1e6, { phase: 'unpacking', doneBytes: 9, totalBytes: 9 }, false],
  ['one whose bytes are not counted', [], 1e6, { ...downloading(0), totalBytes: undefined }, false],
  ['one that shows nothing', [], 1e6, undefined, false],
] as const)('slow below 1,000 bytes a second: %s', (_what, marks, now, progress, slow) => {
  const pace = marks.reduce((before, [atMs, bytes]) => movePace(before, bytes, atMs), startPace(0));
  const running: RunningPull = { ...pull, pace, progress, sizeBytes: undefined };
  expect([isSlow(running, 1_000, now), isSlow(running, 0, now)]).toEqual([slow, false]);
});
