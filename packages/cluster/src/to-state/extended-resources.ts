import type { Amounts } from '@kube-prefetch/core';
import { type Field, below, entries, expected, optionalText } from './read-fields.ts';

/**
 * The most that a pod needs at one time, as the scheduler counts it: containers and sidecars run together; any other init
 * container runs with only those sidecars that were started before it.
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
  return aboveZero(combine(most, together, Math.max));
}

function aboveZero(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0));
}

/** Without a request, Kubernetes takes the limit as the request. */
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

/** What a node can have once all its devices are well: while its device plugin restarts, only the capacity says so. */
export function nodeResources(status: Field): Amounts {
  const [capacity, allocatable] = ['capacity', 'allocatable'].map(part => extendedResources(below(status, part)));
  return combine(capacity ?? {}, allocatable ?? {}, Math.max);
}

/** As in Kubernetes: one whose name has a domain other than kubernetes.io, or stands for a DeviceClass. */
function extendedResources(quantities: Field): Amounts {
  return Object.fromEntries(
    entries(quantities)
      .filter(([name]) => isExtended(name))
      .map(([name, quantity]) => [name, amountOf(quantity)] as const),
  );
}

function isExtended(name: string): boolean {
  if (name.startsWith('deviceclass.resource.kubernetes.io/')) return true;
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/;
const THOUSANDS = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

function amountOf(quantity: Field): number {
  const { value } = quantity;
  const written = typeof value === 'number' ? String(value) : value;
  const [, number, suffix = ''] = (typeof written === 'string' && QUANTITY.exec(written)) || [];
  if (number === undefined) throw expected(quantity, 'a quantity such as 1 or 500m');
  const factor = suffix.endsWith('i')
    ? 1024 ** ' KMGTPE'.indexOf(suffix.slice(0, 1))
    : 1000 ** (THOUSANDS.indexOf(suffix) - THOUSANDS.indexOf(''));
  return Number(number) * factor;
}
