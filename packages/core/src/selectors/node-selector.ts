import type { Node, NodeRequirement, NodeSelector, NodeSelectorTerm } from '../state/cluster-state.ts';
import { describeRequirement, meetsRequirement, NODE_OPERATORS, requirementProblem } from './requirement.ts';

type NamedLabels = Pick<Node, 'name' | 'labels'>;

/**
 * As the scheduler matches required node affinity: one term must match as a whole; a term that is empty, or that Kubernetes
 * would refuse, matches nothing and does not spoil the others; no terms match nothing.
 */
export function matchesNodeSelector(selector: NodeSelector, node: NamedLabels): boolean {
  return compileNodeSelector(selector)(node);
}

/** `matchesNodeSelector` for many nodes: the terms are checked once. */
export function compileNodeSelector(selector: NodeSelector): (node: NamedLabels) => boolean {
  const terms = selector.terms.filter(isUsable);
  return node => terms.some(term => matchesTerm(term, node));
}

/** `zone In (a, b), cores Gt (8); or metadata.name In (n1)`; for sentences. */
export function describeNodeSelector({ terms }: NodeSelector): string {
  if (terms.length === 0) return 'nothing, as it has no terms';
  return terms.map(describeTerm).join('; or ');
}

function describeTerm({ matchExpressions, matchFields }: NodeSelectorTerm): string {
  return [...matchExpressions, ...matchFields].map(describeRequirement).join(', ') || 'nothing, as the term is empty';
}

function isUsable({ matchExpressions, matchFields }: NodeSelectorTerm): boolean {
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every(requirement => requirementProblem(requirement, NODE_OPERATORS) === undefined) &&
    matchFields.every(isUsableField)
  );
}

/** Fields are compared with one value, and only for being equal or not. */
function isUsableField({ operator, values }: NodeRequirement): boolean {
  return (operator === 'In' || operator === 'NotIn') && values.length === 1;
}

function matchesTerm({ matchExpressions, matchFields }: NodeSelectorTerm, node: NamedLabels): boolean {
  return (
    matchExpressions.every(requirement => meetsRequirement(requirement, node.labels)) &&
    (node.name === '' || matchFields.every(requirement => meetsField(requirement, node.name)))
  );
}

/** A field other than the name is empty, not absent: `In` with an empty value matches it. */
function meetsField({ key, operator, values }: NodeRequirement, name: string): boolean {
  const field = key === 'metadata.name' ? name : '';
  return (field === values[0]) === (operator === 'In');
}
