import type { CellReport } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aCell } from '../../testing/index.ts';
import { pullEnds } from './pull-ends.ts';

const failed = (attempts: number): Partial<CellReport> => {
  return { state: 'Failed', attempts, failure: { kind: 'RateLimited', message: '' } };
};

test.each<[string, Partial<CellReport> | undefined, Partial<CellReport>, string | undefined]>([
  ['a pull that made it present', { state: 'Pulling' }, { state: 'Present' }, 'pulled'],
  ['somebody else made it present', { state: 'Missing' }, { state: 'Present' }, undefined],
  ['a first failure', { state: 'Pulling' }, failed(1), 'RateLimited'],
  ['one more failure', failed(1), failed(2), 'RateLimited'],
  ['the same failure once more', failed(2), failed(2), undefined],
  ['a try that begins', failed(2), { ...failed(2), state: 'Pulling' }, undefined],
  ['a first failure that is reported first', undefined, failed(1), 'RateLimited'],
  ['failures from before a new term', undefined, failed(4), undefined],
  ['what is present from before a new term', undefined, { state: 'Present' }, undefined],
])('%s', (_case, before, now, end) => {
  const cells = new Map(before === undefined ? [] : [['a', aCell({ image: 'a', ...before })]]);
  expect(pullEnds(cells, [aCell({ image: 'a', ...now })])).toEqual(end === undefined ? [] : [{ image: 'a', end }]);
});
