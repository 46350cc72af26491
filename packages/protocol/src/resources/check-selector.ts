import { isLabelKey, isLabelValue } from './label-grammar.ts';
import type { LabelSelector } from './prefetch.ts';
import { shown } from './shown.ts';

/** What Kubernetes would refuse in a label selector, a sentence each. */
export function selectorProblems(selector: LabelSelector, path: string): string[] {
  const labels = Object.entries(selector.matchLabels ?? {}).flatMap(([key, value]) => [
    ...keyProblems(key, `${path}.matchLabels`),
    ...valueProblems([value], `${path}.matchLabels.${key}`),
  ]);
  const expressions = (selector.matchExpressions ?? []).flatMap((requirement, index) =>
    requirementProblems(requirement, `${path}.matchExpressions[${index}]`),
  );
  return [...labels, ...expressions];
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

function requirementProblems({ key, operator, values = [] }: Requirement, path: string): string[] {
  const problems = [...keyProblems(key, `${path}.key`), ...valueProblems(values, `${path}.values`)];
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        problems.push(`${path}.values: expected at least one with operator ${operator}, got none`);
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        problems.push(`${path}.values: expected none with operator ${operator}, got ${values.map(shown).join(', ')}`);
      break;
    default:
      problems.push(`${path}.operator: expected In, NotIn, Exists or DoesNotExist, got ${shown(operator)}`);
  }
  return problems;
}

function keyProblems(key: string, path: string): string[] {
  return isLabelKey(key) ? [] : [`${path}: expected a label such as app or example.com/app, got ${shown(key)}`];
}

function valueProblems(values: readonly string[], path: string): string[] {
  return values
    .filter(value => !isLabelValue(value))
    .map(value => `${path}: expected a label's value (letters, digits, - _ . inside), got ${shown(value)}`);
}
