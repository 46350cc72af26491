import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { backoffMs, createRetry } from './retry.ts';

const bounds = { baseMs: 1_000, capMs: 300_000 };

test.each([
  [1, 1_000],
  [2, 2_000],
  [5, 16_000],
  [9, 256_000],
  [10, 300_000],
  [10_000, 300_000],
])('attempt %i may wait up to %i ms', (attempt, ceilingMs) => {
  expect(backoffMs(attempt, 1, bounds)).toBe(ceilingMs);
});

test('a delay lies between nothing and the cap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, jitter) => {
      const delayMs = backoffMs(attempt, jitter, bounds);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(bounds.capMs);
    }),
  );
});

test('a floor is added to every pause', () => {
  expect([0, 0.5].map(jitter => backoffMs(1, jitter, { ...bounds, floorMs: 50 }))).toEqual([50, 550]);
});

test('only the first failure of a row is new, and a success begins another row', () => {
  const retry = createRetry();
  expect([retry.failed(), retry.failed(), retry.failed()]).toEqual([true, false, false]);
  expect([retry.failures, retry.pauseMs(bounds)]).toEqual([3, 4_000]);
  expect([retry.succeeded(), retry.succeeded()]).toEqual([true, false]);
  expect([retry.failures, retry.pauseMs(bounds), retry.failed()]).toEqual([0, 0, true]);
});

test('the pause of a row is drawn anew each time', () => {
  const draws = [0.25, 0.75].values();
  const retry = createRetry(() => draws.next().value ?? 0);
  retry.failed();
  expect([retry.pauseMs(bounds), retry.pauseMs(bounds)]).toEqual([250, 750]);
});

test('a seed gives the same numbers in [0, 1) every time', () => {
  const draw = () => Array.from({ length: 1_000 }, seededRandom(7));
  expect(draw()).toEqual(draw());
  expect(draw().every(n => n >= 0 && n < 1)).toBe(true);
  expect(new Set(draw()).size).toBeGreaterThan(990);
});
