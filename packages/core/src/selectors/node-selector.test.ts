import { expect, test } from 'vitest';
import type { NodeRequirement, NodeSelectorTerm } from '../state/cluster-state.ts';
import { describeNodeSelector, matchesNodeSelector } from './node-selector.ts';

const NODE = { name: 'node-1', labels: { zone: 'a', cores: '16', negative: '-16', name: 'x16', empty: '' } };
const labels = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [{ key, operator, values }],
  matchFields: [],
});
const fields = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [],
  matchFields: [{ key, operator, values }],
});
const EMPTY: NodeSelectorTerm = { matchExpressions: [], matchFields: [] };

const CASES: readonly [what: string, terms: readonly NodeSelectorTerm[], matches: boolean][] = [
  ['In with the value', [labels('zone', 'In', 'b', 'a')], true],
  ['In without the value', [labels('zone', 'In', 'b')], false],
  ['In of an absent label', [labels('absent', 'In', '')], false],
  ['NotIn with another value', [labels('zone', 'NotIn', 'b')], true],
  ['NotIn with the value', [labels('zone', 'NotIn', 'a')], false],
  ['NotIn of an absent label', [labels('absent', 'NotIn', 'a')], true],
  ['Exists', [labels('empty', 'Exists')], true],
  ['Exists of an absent label', [labels('absent', 'Exists')], false],
  ['DoesNotExist', [labels('absent', 'DoesNotExist')], true],
  ['DoesNotExist of a label', [labels('zone', 'DoesNotExist')], false],
  ['Gt of less', [labels('cores', 'Gt', '8')], true],
  ['Gt of the same', [labels('cores', 'Gt', '16')], false],
  ['Gt compares numbers, not text', [labels('cores', 'Gt', '9')], true],
  ['Lt of more', [labels('cores', 'Lt', '017')], true],
  ['Lt of the same', [labels('cores', 'Lt', '16')], false],
  ['Lt on a negative label', [labels('negative', 'Lt', '0')], true],
  ['Gt on a label that is no number', [labels('name', 'Gt', '1')], false],
  ['Gt on an absent label', [labels('absent', 'Gt', '1')], false],
  ['Gt with a number that is no label value', [labels('negative', 'Gt', '-17')], false],
  ['Gt with text', [labels('cores', 'Gt', 'x')], false],
  ['Gt with two values', [labels('cores', 'Gt', '1', '2')], false],
  ['Gt with a number beyond 64 bits', [labels('cores', 'Lt', '9223372036854775808')], false],
  ['an operator in lower case', [labels('zone', 'in', 'a')], false],
  ['Exists with a value', [labels('zone', 'Exists', 'a')], false],
  ['In without values', [labels('zone', 'NotIn')], false],
  ['a key that is no label key', [labels('a/b/c', 'DoesNotExist')], false],
  ['the name', [fields('metadata.name', 'In', 'node-1')], true],
  ['another name', [fields('metadata.name', 'In', 'node-2')], false],
  ['not another name', [fields('metadata.name', 'NotIn', 'node-2')], true],
  ['not the name', [fields('metadata.name', 'NotIn', 'node-1')], false],
  ['a name that is no label value', [fields('metadata.name', 'NotIn', 'a b')], true],
  ['two names in one requirement', [fields('metadata.name', 'In', 'node-1', 'node-2')], false],
  ['Exists on a field', [fields('metadata.name', 'Exists')], false],
  ['another field is empty, not absent', [fields('metadata.uid', 'In', '')], true],
  ['another field with a value', [fields('metadata.uid', 'In', 'x')], false],
  ['no terms', [], false],
  ['an empty term', [EMPTY], false],
  ['an empty term beside one that matches', [EMPTY, labels('zone', 'Exists')], true],
  ['a bad term beside one that matches', [labels('zone', 'Has'), labels('zone', 'Exists')], true],
  ['one of two terms', [labels('zone', 'In', 'b'), labels('cores', 'Exists')], true],
  [
    'a term matches as a whole',
    [{ ...labels('zone', 'In', 'a'), matchFields: fields('metadata.name', 'In', 'node-2').matchFields }],
    false,
  ],
  [
    'a bad requirement spoils its own term',
    [
      {
        ...labels('zone', 'In', 'a'),
        matchFields: [{ key: 'metadata.name', operator: 'Gt', values: ['1'] } as NodeRequirement],
      },
    ],
    false,
  ],
];

test.each(CASES)('%s', (_what, terms, matches) => {
  expect(matchesNodeSelector({ terms }, NODE)).toBe(matches);
});

test('a node without a name has no fields to fail', () => {
  expect(matchesNodeSelector({ terms: [fields('metadata.name', 'In', 'node-1')] }, { name: '', labels: {} })).toBe(
    true,
  );
});

test('terms are described as alternatives', () => {
  expect(
    describeNodeSelector({ terms: [labels('zone', 'In', 'a', 'b'), fields('metadata.name', 'In', 'n1'), EMPTY] }),
  ).toBe('zone In (a, b); or metadata.name In (n1); or nothing, as the term is empty');
  expect(describeNodeSelector({ terms: [] })).toBe('nothing, as it has no terms');
});
