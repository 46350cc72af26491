import { MAX_BODY_BYTES, MAX_IMAGE_REF_LENGTH, MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import type { Cell } from './cell.ts';
import { createCellLabels } from './label-cells.ts';

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
    }),
  ],
])('a report of as many images as a node may have fits into the largest body where each %s', (_what, cellOf) => {
  const cells = Array.from({ length: MAX_IMAGES_PER_NODE }, (_, n) => cellOf(n));
  const labelled = createCellLabels(createVirtualClock()).label(cells, () => numbers);
  expect(Buffer.byteLength(JSON.stringify(labelled))).toBeLessThan(MAX_BODY_BYTES * 0.95);
});
