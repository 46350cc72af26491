import { FAILURE_KINDS, type FailureKind } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs } from './retry-delay.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const rows: readonly [FailureKind, failures: number, leastMs: number, mostMs: number][] = [
  ['RegistryUnavailable', 1, 0, SECOND],
  ['RegistryUnavailable', 4, 0, 8 * SECOND],
  ['RegistryUnavailable', 30, 0, 5 * MINUTE],
  ['Stalled', 1, 0, SECOND],
  ['RateLimited', 1, MINUTE, 2 * MINUTE],
  ['RateLimited', 30, 15 * MINUTE, 30 * MINUTE],
  ['NotFound', 1, 2 * MINUTE, 4 * MINUTE],
  ['NotFound', 30, 30 * MINUTE, HOUR],
  ['NoPlatform', 1, 2 * MINUTE, 4 * MINUTE],
  ['InvalidReference', 1, 2 * MINUTE, 4 * MINUTE],
  ['Unauthorized', 1, 2 * MINUTE, 4 * MINUTE],
  ['NotAnImage', 1, 2 * MINUTE, 4 * MINUTE],
  ['Evicted', 1, 10 * MINUTE, 20 * MINUTE],
  ['Evicted', 30, 3 * HOUR, 6 * HOUR],
  ['Outdated', 1, 5 * MINUTE, 10 * MINUTE],
  ['Outdated', 30, 3 * HOUR, 6 * HOUR],
];

test.each(rows)('%s, failed %i times, is tried again after %i to %i ms', (kind, failures, leastMs, mostMs) => {
  expect(retryDelayMs(kind, failures, 0)).toBe(leastMs);
  expect(retryDelayMs(kind, failures, 1)).toBe(mostMs);
});

test('by the same luck a delay never shrinks from one failure to the next, and never exceeds six hours', () => {
  const anyKind = fc.constantFrom(...FAILURE_KINDS);
  const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(anyKind, fc.integer({ min: 1, max: 10_000 }), jitter, (kind, failures, luck) => {
      const delayMs = retryDelayMs(kind, failures, luck);
      expect(delayMs).toBeLessThanOrEqual(6 * HOUR);
      expect(delayMs).toBeLessThanOrEqual(retryDelayMs(kind, failures + 1, luck));
    }),
  );
});
