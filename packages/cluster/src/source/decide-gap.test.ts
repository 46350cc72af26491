import { expect, test } from 'vitest';
import { KubeApiError, type KubeFailure } from '../api/kube-api.ts';
import { describeOutage, isGap, noteFailure, type Outage } from './decide-gap.ts';

/** Tries that failed, at which second and how. */
function outageOf(...tries: readonly (readonly [second: number, failure: KubeFailure])[]): Outage {
  let outage: Outage | undefined;
  for (const [second, failure] of tries)
    outage = noteFailure(outage, new KubeApiError(failure, `try at ${second} s`), second * 1_000);
  return outage as Outage;
}

test.each<[string, Outage, boolean]>([
  ['a server that was away 59 s ago and still is', outageOf([0, 'Unreachable'], [59, 'Unreachable']), false],
  ['a server that was away a minute ago and still is', outageOf([0, 'Unreachable'], [60, 'ServerError']), true],
  ['a server that said no just now', outageOf([0, 'Forbidden']), false],
  ['a server that said no 10 s ago and still does', outageOf([0, 'Forbidden'], [10, 'Forbidden']), true],
  ['a server that said no and is away since', outageOf([0, 'Forbidden'], [10, 'Unreachable']), true],
  ['a server that has just started', outageOf([0, 'Unreachable'], [5, 'Forbidden'], [40, 'Forbidden']), false],
  ['a server that says no since it started', outageOf([0, 'Unreachable'], [5, 'Forbidden'], [60, 'Forbidden']), true],
])('%s: is that a gap?', (_, outage, expected) => {
  expect(isGap(outage)).toBe(expected);
});

test('an outage is described by its first refusal, or else by how it began, whatever came later', () => {
  expect(describeOutage(outageOf([0, 'Unreachable'], [5, 'ServerError']))).toBe('Unreachable: try at 0 s');
  expect(describeOutage(outageOf([0, 'Unreachable'], [5, 'Forbidden'], [9, 'Unreachable']))).toBe(
    'Forbidden: try at 5 s',
  );
});
