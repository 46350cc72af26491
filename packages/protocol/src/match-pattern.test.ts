import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from './match-pattern.ts';

test.each([
  ['nginx', 'nginx', true],
  ['nginx', 'nginx:1', false],
  ['nginx', 'my-nginx', false],
  ['*', '', true],
  ['*', 'r.example/team/app:1', true],
  ['**', 'anything', true],
  ['nginx:*', 'nginx:1.27', true],
  ['nginx:*', 'nginx', false],
  ['*/debug-*', 'r.example/team/debug-tools:1', true],
  ['*/debug-*', 'debug-tools:1', false],
  ['r.example/*:latest', 'r.example/team/app:latest', true],
  ['r.example/*:latest', 'r.example/team/app:1', false],
  ['ab*ba', 'aba', false],
  ['ab*ba', 'abba', true],
  ['a*b*c', 'a-c-b', false],
  ['a*b*c', 'abbc', true],
  ['a?c', 'abc', false],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['a\\*', 'a*', false],
  ['', '', true],
  ['', 'a', false],
])('%j on %j: %j', (glob, text, matches) => {
  expect(compilePattern(glob)(text)).toBe(matches);
});

test('a pattern matches what the regular expression of the same meaning matches', () => {
  const hits = { matched: 0, not: 0 };
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(glob, text, (pattern, candidate) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(candidate);
      hits[expected ? 'matched' : 'not'] += 1;
      expect(compilePattern(pattern)(candidate)).toBe(expected);
    }),
    { numRuns: 10_000 },
  );
  process.stdout.write(`patterns: ${JSON.stringify(hits)}\n`);
  expect(hits.matched).toBeGreaterThan(300);
  expect(hits.not).toBeGreaterThan(300);
});

test('many stars over a long text take no long search', () => {
  // A search that goes back would need years; the limit leaves room for a slow machine.
  const startedAt = process.threadCpuUsage();
  expect(compilePattern(`${'*a'.repeat(200)}*b`)('a'.repeat(1_000_000))).toBe(false);
  const { user, system } = process.threadCpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(20_000);
});
