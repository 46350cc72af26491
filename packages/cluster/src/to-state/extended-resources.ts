import type { Amounts } from '@kube-prefetch/core';
import { entries, expected, type Field } from './field.ts';

/**
 * The extended resources of a list of quantities that are above zero. As Kubernetes tells them from its own: a name with a
 * domain that is not kubernetes.io.
 */
export function extendedResources(quantities: Field): Amounts {
  return Object.fromEntries(
    entries(quantities)
      .filter(([name]) => isExtended(name))
      .map(([name, quantity]) => [name, amountOf(quantity)] as const)
      .filter(([, amount]) => amount > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/;
const THOUSANDS = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

function amountOf(quantity: Field): number {
  const [, number, suffix = ''] = QUANTITY.exec(String(quantity.value)) ?? [];
  if (number === undefined) throw expected(quantity, 'a quantity such as 1 or 500m');
  const factor = suffix.endsWith('i')
    ? 1024 ** ' KMGTPE'.indexOf(suffix.slice(0, 1))
    : 1000 ** (THOUSANDS.indexOf(suffix) - THOUSANDS.indexOf(''));
  return Number(number) * factor;
}
