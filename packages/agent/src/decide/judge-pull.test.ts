import type { Progress } from '@kube-prefetch/runtime';
import { expect, test } from 'vitest';
import { givenUpAtMs, type RunningPull } from './judge-pull.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GB = 1e9;
const pull = { image: 'a', withoutPermit: false, startedAtMs: 1_000, changedAtMs: 5_000, cancelled: false };

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
