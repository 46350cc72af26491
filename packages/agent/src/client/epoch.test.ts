import { expect, test } from 'vitest';
import { epochIn, judgeEpoch } from './epoch.ts';

const MINUTE = 60_000;

test.each([
  ['the first answer counts, whatever its term', undefined, 3, 0, { epoch: 3, atMs: 0 }],
  ['the same term is seen again', { epoch: 3, atMs: 0 }, 3, 9, { epoch: 3, atMs: 9 }],
  ['a newer term takes over', { epoch: 3, atMs: 0 }, 4, 9, { epoch: 4, atMs: 9 }],
  ['an older term is over', { epoch: 4, atMs: 0 }, 3, 9, 'stale'],
  ['an older term is over for five minutes', { epoch: 4, atMs: 0 }, 3, 5 * MINUTE - 1, 'stale'],
  ['then it counts: terms began anew', { epoch: 4, atMs: 0 }, 3, 5 * MINUTE, { epoch: 3, atMs: 5 * MINUTE }],
] as const)('%s', (_rule, seen, epoch, now, judged) => {
  expect(judgeEpoch(seen, epoch, now)).toEqual(judged);
});

test.each([
  ['7', 7],
  ['0', 0],
  [undefined, undefined],
  ['', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['9'.repeat(16), undefined],
  [['7', '8'], undefined],
])('the header %o says %o', (header, epoch) => {
  expect(epochIn(header)).toBe(epoch);
});
