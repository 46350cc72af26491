import fc from 'fast-check';
import type { Labels } from '@kube-prefetch/core';
import { labelSet, requirementOn, someOf, type TermRequirement } from './label-cases.ts';

/** Of a pod and a node, as Kubernetes writes them. */
export interface AffinityCase {
  readonly nodeSelector?: Labels;
  readonly required?: { readonly nodeSelectorTerms: readonly AffinityTerm[] };
  readonly node: { readonly name: string; readonly labels: Labels };
}

export interface AffinityTerm {
  readonly matchExpressions?: readonly TermRequirement[];
  readonly matchFields?: readonly TermRequirement[];
}

const NAMES = ['n1', 'n2', 'worker-1.example', ''];

const operators = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Gt', 'Lt') },
  { weight: 1, arbitrary: fc.constantFrom('', 'gt', 'Ge', 'in', 'Equals', '>', 'constructor') },
);

const ODD_VALUES: string[][] = [[], ['n1', 'n2'], ['n1', 'n1'], ['N1'], ['n1 ']];

const field: fc.Arbitrary<TermRequirement> = fc.record({
  key: fc.oneof(
    { weight: 8, arbitrary: fc.constant('metadata.name') },
    { weight: 1, arbitrary: fc.constantFrom('metadata.namespace', '', 'name', 'constructor') },
  ),
  operator: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom('In', 'NotIn') },
    { weight: 1, arbitrary: fc.constantFrom('Exists', 'DoesNotExist', 'Gt', '') },
  ),
  values: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...NAMES).map(name => [name]) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_VALUES) },
  ),
});

const EMPTY_TERMS: AffinityTerm[] = [{}, { matchExpressions: [], matchFields: [] }];

const termOn = (labels: Labels): fc.Arbitrary<AffinityTerm> => {
  const expression = requirementOn(labels, operators);
  const several = (one: fc.Arbitrary<TermRequirement>) => fc.array(one, { maxLength: 2, size: 'max' });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ matchExpressions: expression.map(one => [one]) }) },
    { weight: 2, arbitrary: fc.record({ matchFields: field.map(one => [one]) }) },
    { weight: 6, arbitrary: fc.record({ matchExpressions: several(expression), matchFields: several(field) }) },
    { weight: 1, arbitrary: fc.constantFrom(...EMPTY_TERMS) },
  );
};

export const affinityCases: fc.Arbitrary<AffinityCase> = labelSet.chain(labels => {
  const name = fc.oneof(
    { weight: 10, arbitrary: fc.constant('n1') },
    { weight: 2, arbitrary: fc.constantFrom(...NAMES) },
  );
  const node = fc.record({ name, labels: fc.constant(labels) });
  const nodeSelector = someOf(labels);
  const term = termOn(labels);
  const required = fc
    .oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 10, arbitrary: term.map(one => [one]) },
      { weight: 6, arbitrary: fc.array(term, { minLength: 2, maxLength: 3 }) },
    )
    .map(nodeSelectorTerms => ({ nodeSelectorTerms }));
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ node, nodeSelector }) },
    { weight: 10, arbitrary: fc.record({ node, required }) },
    { weight: 2, arbitrary: fc.record({ node, nodeSelector, required }) },
  );
});
