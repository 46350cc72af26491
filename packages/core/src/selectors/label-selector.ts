import type { LabelSelector } from '@kube-prefetch/protocol';
import type { Labels } from '../state/cluster-state.ts';
import {
  describeRequirement,
  meetsRequirement,
  type Requirement,
  requirementProblem,
  SET_OPERATORS,
} from './requirement.ts';

/** As Kubernetes matches it; an empty selector matches everything, one with problems nothing. */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  return compileSelector(selector)(labels);
}

/** Why Kubernetes would refuse the selector, a sentence each; none: it is valid. */
export function selectorProblems(selector: LabelSelector): readonly string[] {
  return requirementsOf(selector).flatMap(requirement => requirementProblem(requirement, SET_OPERATORS) ?? []);
}

/** `matchesSelector` for many labels: the selector is checked once. */
export function compileSelector(selector: LabelSelector): (labels: Labels) => boolean {
  if (selectorProblems(selector).length > 0) return () => false;
  const requirements = requirementsOf(selector);
  return labels => requirements.every(requirement => meetsRequirement(requirement, labels));
}

/** `tier=web, app In (a, b)`; for sentences. */
export function describeSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equalities, ...matchExpressions.map(describeRequirement)].join(', ');
}

/** The labels that the selector looks at. */
export function keysOf(selector: LabelSelector): readonly string[] {
  return requirementsOf(selector).map(({ key }) => key);
}

function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly Requirement[] {
  const equalities = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return [...equalities, ...matchExpressions];
}
