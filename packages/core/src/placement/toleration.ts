import type { Toleration } from '@kube-prefetch/protocol';
import type { Taint } from '../state/cluster-state.ts';

/**
 * As the scheduler compares one toleration with one taint. An absent key or effect matches every one. `Lt` and `Gt` match
 * nothing: their feature gate (TaintTolerationComparisonOperators) is off by default up to Kubernetes 1.37.
 */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return (operator === '' || operator === 'Equal') && value === taint.value;
}

/** Why Kubernetes would refuse the toleration in a pod; undefined: it is valid. */
export function tolerationProblem({
  key = '',
  operator = '',
  value = '',
  effect = '',
}: Toleration): string | undefined {
  if (!OPERATORS.includes(operator))
    return `expected the operator of a toleration to be Exists or Equal, got ${JSON.stringify(operator)}`;
  if (!EFFECTS.includes(effect))
    return `expected the effect of a toleration to be NoSchedule, PreferNoSchedule or NoExecute, got ${JSON.stringify(effect)}`;
  if (key === '' && operator !== 'Exists') return 'a toleration without a key must have the operator Exists';
  if (operator === 'Exists' && value !== '')
    return `a toleration with the operator Exists takes no value, got ${JSON.stringify(value)}`;
  return undefined;
}

const OPERATORS = ['', 'Equal', 'Exists'];
const EFFECTS = ['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `dedicated=gpu:NoSchedule`, as kubectl writes it. */
export function describeTaint({ key, value, effect }: Taint): string {
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}
