import { MAX_BODY_BYTES, MAX_IMAGE_REF_LENGTH, MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Cell } from '../decide/judge-cells.ts';
import { createCellLabels } from './label-cells.ts';

test('since when an image fails is said once, in the time of the wall as it was then', () => {
  const clock = createVirtualClock();
  const labels = createCellLabels(clock);
  const failure = { kind: 'NotFound', message: 'no such image' } as const;
  const failingSince = (state: Cell['state'], failingSinceMs: number | undefined) =>
    labels.label([{ image: 'a', state, failure, failingSinceMs }], () => undefined)[0]?.failingSince;
  clock.suspend(5_000);
  const first = '2026-01-01T00:00:02.000Z';
  expect(failingSince('Failed', 2_000)).toBe(first);
  clock.jumpWall(3_600_000);
  expect([failingSince('Pulling', 2_000), failingSince('Failed', 2_000)]).toEqual([first, first]);
  expect(failingSince('Failed', undefined)).toBeUndefined();
});

const LONG = MAX_IMAGE_REF_LENGTH - String(MAX_IMAGES_PER_NODE).length;
const numbers = { elapsedMs: 1e12, doneBytes: 1e15, totalBytes: 1e15 };

test.each<[string, (n: number) => Cell]>([
  [
    'is present under as many digests as a runtime likes',
    n => ({
      image: 'x'.repeat(LONG) + n,
      state: 'Present',
      sizeBytes: 1e15,
      digests: Array.from({ length: 50 }, () => 'd'.repeat(600)),
    }),
  ],
  [
    'failed, with three bytes for every character',
    n => ({
      image: '像'.repeat(LONG) + n,
      state: 'Failed',
      failure: { kind: 'RegistryUnavailable', message: '像'.repeat(512) },
      attempts: 1e6,
      retryAtMs: 1e9,
      failingSinceMs: 1e9,
    }),
  ],
])('a report of as many images as a node may have fits into the largest body where each %s', (_what, cellOf) => {
  const cells = Array.from({ length: MAX_IMAGES_PER_NODE }, (_, n) => cellOf(n));
  const labelled = createCellLabels(createVirtualClock()).label(cells, () => numbers);
  expect(Buffer.byteLength(JSON.stringify(labelled))).toBeLessThan(MAX_BODY_BYTES * 0.95);
});
