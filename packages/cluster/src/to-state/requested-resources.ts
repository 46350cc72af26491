import type { Amounts } from '@kube-prefetch/core';
import { extendedResources } from './extended-resources.ts';
import { below, type Field, optionalText } from './field.ts';

/**
 * What a pod needs at most at one time, as the scheduler counts it: its containers and sidecars run together; another init
 * container runs alone with the sidecars that were started before it.
 */
export function requestedResources(containers: readonly Field[], initContainers: readonly Field[]): Amounts {
  let sidecars: Amounts = {};
  let most: Amounts = {};
  for (const container of initContainers) {
    const needed = combine(sidecars, requestOf(container), (a, b) => a + b);
    if (optionalText(below(container, 'restartPolicy')) === 'Always') sidecars = needed;
    most = combine(most, needed, Math.max);
  }
  const together = containers.map(requestOf).reduce((sum, one) => combine(sum, one, (a, b) => a + b), sidecars);
  return combine(most, together, Math.max);
}

/** A limit alone is a request too. */
function requestOf(container: Field): Amounts {
  return {
    ...extendedResources(below(container, 'resources', 'limits')),
    ...extendedResources(below(container, 'resources', 'requests')),
  };
}

function combine(one: Amounts, other: Amounts, how: (a: number, b: number) => number): Amounts {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(names.map(name => [name, how(one[name] ?? 0, other[name] ?? 0)]));
}
