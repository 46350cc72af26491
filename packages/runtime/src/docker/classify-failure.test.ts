import { expect, test } from 'vitest';
import { classifyFailure } from './classify-failure.ts';
import { FAILURE_TABLE } from './failure-table.ts';

const samples = FAILURE_TABLE.flatMap(({ kind, samples }) =>
  samples.map(([from, text]) => [from, text, kind] as const),
);

test.each(samples)('%s: "%s" is %s', (_from, text, kind) => {
  expect(classifyFailure(text)).toBe(kind);
});

test.each(FAILURE_TABLE)('the row $match has samples', ({ samples }) => {
  expect(samples.length).toBeGreaterThan(0);
});

test.each(FAILURE_TABLE)('no row before $match takes its samples', row => {
  const takers = row.samples.map(([, text]) => FAILURE_TABLE.find(({ match }) => match.test(text)));
  expect(new Set(takers)).toEqual(new Set([row]));
});

test('what no row knows is Unknown', () => {
  expect(classifyFailure('the moon is in the wrong phase')).toBe('Unknown');
});
