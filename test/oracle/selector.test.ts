import { matchesSelector, selectorProblems } from '@kube-prefetch/core';
import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { type SelectorCase, selectorCases } from './selector-cases.ts';

interface Answer {
  readonly matches: boolean;
  readonly error?: string;
}

test('label selectors match and are refused as LabelSelectorAsSelector and Matches do', async () => {
  const found = await compare<SelectorCase, Answer>({
    about: 'selector',
    cases: selectorCases,
    ours: ({ selector, labels }) =>
      selectorProblems(selector).length > 0 ? 'refused' : matchesSelector(selector, labels),
    theirs: ({ matches, error }) => (error === undefined ? matches : 'refused'),
    branches,
    least: {
      matches: 220,
      'does not match': 140,
      refused: 120,
      'no requirement at all: matches': 110,
      'labels alone: matches': 50,
      'labels alone: does not match': 17,
      'In alone: matches': 6,
      'In alone: does not match': 5,
      'NotIn alone: matches': 5,
      'NotIn alone: does not match': 6,
      'Exists alone: matches': 9,
      'Exists alone: does not match': 3,
      'DoesNotExist alone: matches': 3,
      'DoesNotExist alone: does not match': 10,
      'several requirements: matches': 20,
      'several requirements: does not match': 90,
      'refused for its operator': 13,
      'refused for a key': 30,
      'refused for a value': 40,
      'refused for the number of values': 20,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

const REASONS: readonly [sign: string, reason: string][] = [
  ['is not a valid label selector operator', 'its operator'],
  ['name part must', 'a key'],
  ['prefix part must', 'a key'],
  ['a valid label key', 'a key'],
  ['a valid label must be', 'a value'],
  ['values set', 'the number of values'],
];

function branches(
  { selector: { matchLabels = {}, matchExpressions = [] } }: SelectorCase,
  { matches, error }: Answer,
): string[] {
  if (error !== undefined) {
    const reasons = REASONS.filter(([sign]) => error.includes(sign)).map(([, reason]) => `refused for ${reason}`);
    return ['refused', ...new Set(reasons)];
  }
  const outcome = matches ? 'matches' : 'does not match';
  const only = matchExpressions.length === 1 && Object.keys(matchLabels).length === 0 ? matchExpressions[0] : undefined;
  return [
    outcome,
    `${only ? `${only.operator} alone` : shapeOf(Object.keys(matchLabels).length, matchExpressions.length)}: ${outcome}`,
  ];
}

function shapeOf(labels: number, expressions: number): string {
  if (expressions > 0) return 'several requirements';
  return labels > 0 ? 'labels alone' : 'no requirement at all';
}
