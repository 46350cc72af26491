import { expect, test } from 'vitest';
import { parseInt64 } from './requirement.ts';

test.each([
  ['0', 0n],
  ['16', 16n],
  ['-16', -16n],
  ['+16', 16n],
  ['007', 7n],
  [`${'0'.repeat(300)}5`, 5n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
  ['9223372036854775808', undefined],
  ['-9223372036854775809', undefined],
  ['99999999999999999999', undefined],
  ['', undefined],
  ['-', undefined],
  ['1.0', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['1_000', undefined],
  [' 1', undefined],
  ['1\n', undefined],
  ['١', undefined],
])('%j reads as %s', (text, value) => {
  expect(parseInt64(text)).toBe(value);
});

test.each([
  ['zeros', `${'0'.repeat(200_000)}x`],
  ['digits', `1${'0'.repeat(200_000)}x`],
])('two hundred thousand %s that end in a letter are refused in linear time', (_what, text) => {
  // A quadratic expression needs more than a minute; the limit leaves room for a busy machine.
  const startedAt = process.threadCpuUsage();
  expect(parseInt64(text)).toBeUndefined();
  const { user, system } = process.threadCpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(20_000);
});
