import fc from 'fast-check';
import type { Labels } from '@kube-prefetch/core';
import { labelSet, requirementOn, someOf, type TermRequirement } from './label-cases.ts';

export interface SelectorCase {
  readonly selector: { readonly matchLabels?: Labels; readonly matchExpressions?: TermRequirement[] };
  readonly labels: Labels;
}

const operators = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'in', 'exists', 'Equals', '=', '!', 'Gt', 'Lt', 'In ', 'constructor', 'İn'),
  },
);

export const selectorCases: fc.Arbitrary<SelectorCase> = labelSet.chain(labels => {
  const matchLabels = someOf(labels);
  const matchExpressions = fc.array(requirementOn(labels, operators), { maxLength: 3, size: 'max' });
  const selector = fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 4, arbitrary: fc.record({ matchLabels }) },
    { weight: 8, arbitrary: fc.record({ matchExpressions }) },
    { weight: 8, arbitrary: fc.record({ matchLabels, matchExpressions }) },
  );
  return fc.record({ selector, labels: fc.constant(labels) });
});
