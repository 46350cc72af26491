import { isLabelKey, isLabelValue } from './label-grammar.ts';
import type { Toleration } from './prefetch.ts';
import { shown } from './shown.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** What Kubernetes would refuse in a pod's toleration, a sentence each. */
export function tolerationProblems(toleration: Toleration, path: string): string[] {
  const { key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds } = toleration;
  const problems: string[] = [];
  if (operator !== 'Equal' && operator !== 'Exists')
    problems.push(`${path}.operator: expected Equal or Exists, got ${shown(operator)}`);
  if (key !== '' && !isLabelKey(key)) problems.push(`${path}.key: expected a taint's key, got ${shown(key)}`);
  if (key === '' && operator !== 'Exists')
    problems.push(`${path}.key: expected with operator ${operator}, got nothing`);
  if (operator === 'Exists' && value !== '')
    problems.push(`${path}.value: expected nothing with operator Exists, got ${shown(value)}`);
  if (!isLabelValue(value)) problems.push(`${path}.value: expected a taint's value, got ${shown(value)}`);
  if (effect !== '' && !EFFECTS.includes(effect))
    problems.push(`${path}.effect: expected ${EFFECTS.join(', ')} or nothing, got ${shown(effect)}`);
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    problems.push(`${path}.tolerationSeconds: expected only with effect NoExecute, got ${shown(tolerationSeconds)}`);
  return problems;
}
