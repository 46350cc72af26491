import { expect, test } from 'vitest';
import { createRates } from './rates.ts';

const taken = (may: ReturnType<typeof createRates>, who: string, now: number, tries = 100) =>
  Array.from({ length: tries }, () => may(who, now)).filter(Boolean).length;

test('each has a burst, and regains it at its rate', () => {
  const may = createRates({ burst: 20, perSecond: 4, most: 10 });
  expect([taken(may, 'a', 0), taken(may, 'b', 0)]).toEqual([20, 20]);
  expect([taken(may, 'a', 249), taken(may, 'a', 250), taken(may, 'a', 1_000)]).toEqual([0, 1, 3]);
  expect(taken(may, 'a', 3_600_000)).toBe(20);
});

test('who took nothing for longest is forgotten where there are too many', () => {
  const may = createRates({ burst: 2, perSecond: 1, most: 2 });
  for (const who of ['a', 'b', 'a', 'c']) expect(may(who, 0)).toBe(true);
  expect([taken(may, 'a', 0), taken(may, 'b', 0)]).toEqual([0, 2]);
});
