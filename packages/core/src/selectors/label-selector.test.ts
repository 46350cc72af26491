import type { LabelSelector } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { describeSelector, matchesSelector, selectorProblems } from './label-selector.ts';

const WEB = { tier: 'web', 'example.com/team': 'a', empty: '' };
const expression = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
});

const MATCHING: readonly [selector: LabelSelector, matches: boolean][] = [
  [{}, true],
  [{ matchLabels: {}, matchExpressions: [] }, true],
  [{ matchLabels: { tier: 'web' } }, true],
  [{ matchLabels: { tier: 'api' } }, false],
  [{ matchLabels: { absent: '' } }, false],
  [{ matchLabels: { empty: '' } }, true],
  [{ matchLabels: { toString: 'web' } }, false],
  [expression('tier', 'In', ['api', 'web']), true],
  [expression('tier', 'In', ['api']), false],
  [expression('absent', 'In', ['']), false],
  [expression('tier', 'NotIn', ['api']), true],
  [expression('tier', 'NotIn', ['web']), false],
  [expression('absent', 'NotIn', ['web']), true],
  [expression('example.com/team', 'Exists'), true],
  [expression('empty', 'Exists'), true],
  [expression('constructor', 'Exists'), false],
  [expression('absent', 'DoesNotExist'), true],
  [expression('tier', 'DoesNotExist', []), false],
  [{ matchLabels: { tier: 'web' }, ...expression('tier', 'NotIn', ['web']) }, false],
];

test.each(MATCHING)('%j on a web workload: %j', (selector, matches) => {
  expect(selectorProblems(selector)).toEqual([]);
  expect(matchesSelector(selector, WEB)).toBe(matches);
});

const LONG = 'a'.repeat(64);
const REFUSED: readonly [selector: LabelSelector, problem: RegExp][] = [
  [expression('tier', 'Has', ['web']), /operator of "tier" to be one of In, NotIn, Exists, DoesNotExist, got "Has"/],
  [expression('tier', 'in', ['web']), /got "in"/],
  [expression('tier', 'Gt', ['1']), /got "Gt"/],
  [expression('tier', 'toString'), /got "toString"/],
  [expression('tier', 'In', []), /at least one value/],
  [expression('tier', 'NotIn'), /at least one value/],
  [expression('tier', 'Exists', ['web']), /takes no values, got 1/],
  [expression('tier', 'DoesNotExist', ['web']), /takes no values/],
  [expression('', 'Exists'), /label key/],
  [expression('-tier', 'Exists'), /label key/],
  [expression('tier\n', 'Exists'), /label key/],
  [expression('a/b/c', 'Exists'), /label key/],
  [expression('/tier', 'Exists'), /label key/],
  [expression('example.com/', 'Exists'), /label key/],
  [expression('Example.com/tier', 'Exists'), /label key/],
  [expression('example..com/tier', 'Exists'), /label key/],
  [expression(`${'a'.repeat(254)}/tier`, 'Exists'), /label key/],
  [expression(LONG, 'Exists'), /label key/],
  [expression('tier', 'In', [LONG]), /label values/],
  [expression('tier', 'In', ['web', 'a b']), /got "a b"/],
  [expression('tier', 'In', ['é']), /got "é"/],
  [{ matchLabels: { tier: '-web' } }, /got "-web"/],
];

test.each(REFUSED)('%j is refused and matches nothing', (selector, problem) => {
  expect(selectorProblems(selector)).toEqual([expect.stringMatching(problem)]);
  expect(matchesSelector(selector, WEB)).toBe(false);
});

test('a selector is described as people write it', () => {
  expect(describeSelector({ matchLabels: { tier: 'web' }, ...expression('app', 'In', ['a', 'b']) })).toBe(
    'tier=web, app In (a, b)',
  );
});
