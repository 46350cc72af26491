import { expect, test } from 'vitest';
import { createLeaderSearch, epochIn, judgeEpoch } from './leader-search.ts';

const [A, B, C] = ['10.0.0.1:7070', '10.0.0.2:7070', '10.0.0.3:7070'] as const;

test('whoever answered as leader counts as the leader, until it says that it is not', () => {
  const search = createLeaderSearch();
  expect(search.leader()).toBeUndefined();
  search.leads(B);
  expect(search.leader()).toBe(B);
  search.follows(B, undefined);
  expect(search.leader()).toBeUndefined();
});

test('a follower that knows the leader is believed', () => {
  const search = createLeaderSearch();
  search.follows(A, B);
  expect(search.leader()).toBe(B);
});

test('a follower that names itself, or another than the one who answers as leader, is not', () => {
  const search = createLeaderSearch();
  search.follows(A, A);
  expect(search.leader()).toBeUndefined();
  search.leads(B);
  search.follows(A, C);
  expect(search.leader()).toBe(B);
});

test('a leader that fails is one no longer', () => {
  const search = createLeaderSearch();
  search.leads(A);
  search.failed(A);
  expect(search.leader()).toBeUndefined();
});

test('addresses that failed come last, the one that failed first before the others', () => {
  const search = createLeaderSearch();
  expect(search.choose([A, B, C])).toBe(A);
  search.failed(A);
  expect(search.choose([A, B, C])).toBe(B);
  search.failed(B);
  search.failed(C);
  expect(search.choose([A, B, C])).toBe(A);
  search.failed(A);
  expect(search.choose([A, B, C])).toBe(B);
  search.leads(C);
  expect(search.choose([A, B, C])).toBe(A);
  expect(search.choose([])).toBeUndefined();
});

test('a new leader ends what waits for the old one, and only that', () => {
  const search = createLeaderSearch();
  search.leads(A);
  const [atA, atB] = [search.until(A), search.until(B)];
  search.leads(B);
  expect([atA.aborted, atB.aborted]).toEqual([true, false]);
  expect(String(atA.reason)).toContain(`${B} leads now`);
  expect(search.until(A).aborted).toBe(false);
});

test('what waits at an address that does not answer ends, all of it', () => {
  const search = createLeaderSearch();
  const [first, second, elsewhere] = [search.until(A), search.until(A), search.until(B)];
  search.endWaits(A);
  expect([first.aborted, second.aborted, elsewhere.aborted]).toEqual([true, true, false]);
});

test('of many addresses that failed only the latest are remembered', () => {
  const search = createLeaderSearch();
  const many = Array.from({ length: 40 }, (_, i) => `10.0.1.${i}:7070`);
  for (const address of many) search.failed(address);
  expect(search.choose(many.slice(20))).toBe('10.0.1.20:7070');
  expect(search.choose(many.slice(24))).toBe('10.0.1.24:7070');
  expect(search.choose([A, ...many])).toBe(A);
});

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
