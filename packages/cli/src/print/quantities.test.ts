import { readFileSync } from 'node:fs';
import { FAILURE_KINDS } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { cleanValue } from './clean-text.ts';
import { REMEDIES } from './failures.ts';
import { bar, bytesText, durationText, parseDuration, percent, someOf } from './quantities.ts';
import { cutLine } from './terminal.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [9_949, '9.9 kB'],
  [9_990, '10 kB'],
  [999_600, '1.0 MB'],
  [85_000_000, '85 MB'],
  [1_234_000_000, '1.2 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [14_000, '14s'],
  [60_000, '1m'],
  [200_000, '3m20s'],
  [7_500_000, '2h5m'],
  [273_600_000, '3d4h'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['', undefined],
  ['5', undefined],
  ['5 m', undefined],
])('the duration %j is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test('a share is never 100% before all are there, and a bar never full', () => {
  expect([percent(999, 1_000), bar(999, 1_000), percent(0, 0)]).toEqual([99, '███████████░', 0]);
});

test('a long list of names says how many more', () => {
  expect([someOf(['a', 'b']), someOf(['a', 'b', 'c', 'd', 'e'])]).toEqual(['a, b', 'a, b, c and 2 more']);
});

test('what a registry says cannot move the cursor or turn text around', () => {
  expect(JSON.parse(JSON.stringify({ a: 'x\u001b[2J\u202ey\nz' }), cleanValue)).toEqual({ a: 'x [2J y z' });
});

test('a line is cut to the window, and its colours are ended', () => {
  expect(cutLine('\u001b[31mabcdef\u001b[39m', 4)).toBe('\u001b[31mabc\u001b[39m…');
  expect(cutLine('abcd', 4)).toBe('abcd');
});

test('docs/failures.md has a row for each kind that has a remedy', () => {
  const page = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` \| .* \| .* \| .* \|$/gm)].map(([, kind]) => kind);
  expect(new Set(documented)).toEqual(new Set(FAILURE_KINDS));
  expect(Object.keys(REMEDIES)).toEqual(expect.arrayContaining([...FAILURE_KINDS]));
});
