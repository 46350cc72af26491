import type { ClusterState, Namespace, Node, Resource, ServiceAccount, Workload } from '@kube-prefetch/core';
import { boundGaps } from '../bound-gaps.ts';
import { keepIdentity, keepState } from '../keep-identity.ts';
import { describeOutage, isGap } from './outage.ts';
import type { Reflector } from './reflector.ts';

/** What is read of the kinds that each part of the state is made from. */
export interface ReflectedKinds {
  readonly resources: readonly Reflector<Resource>[];
  readonly workloads: readonly Reflector<Workload>[];
  readonly namespaces: readonly Reflector<Namespace>[];
  readonly nodes: readonly Reflector<Node>[];
  readonly serviceAccounts: readonly Reflector<ServiceAccount>[];
}

/**
 * The state that all kinds together make; `previous` itself where that is the same. The first waits for every kind, but for
 * none that fails longer than it takes to become a gap: undefined until then.
 */
export function combineKinds(kinds: ReflectedKinds, previous: ClusterState | undefined): ClusterState | undefined {
  const all = reflectorsOf(kinds);
  const gaps = all.flatMap(reflector => gapOf(reflector) ?? []);
  const awaited = all.some(reflector => reflector.values() === undefined && gapOf(reflector) === undefined);
  if (previous === undefined && awaited) return undefined;
  const problems = all.flatMap(reflector => reflector.problems());
  return keepState(previous, {
    resources: joined(previous?.resources, kinds.resources),
    workloads: joined(previous?.workloads, kinds.workloads),
    namespaces: joined(previous?.namespaces, kinds.namespaces),
    nodes: joined(previous?.nodes, kinds.nodes),
    serviceAccounts: joined(previous?.serviceAccounts, kinds.serviceAccounts),
    gaps: keepIdentity(previous?.gaps, boundGaps([...gaps, ...problems]), gap => gap),
  });
}

export function reflectorsOf(kinds: ReflectedKinds): readonly Reflector<unknown>[] {
  return Object.values(kinds).flat() as readonly Reflector<unknown>[];
}

function gapOf(reflector: Reflector<unknown>): string | undefined {
  const outage = reflector.outage();
  if (outage === undefined || !isGap(outage)) return undefined;
  const counts = reflector.values() === undefined ? 'nothing of it is known yet' : 'what was read last counts';
  return `${reflector.name} cannot be read: ${describeOutage(outage)}; ${counts}`;
}

function joined<T>(previous: readonly T[] | undefined, reflectors: readonly Reflector<T>[]): readonly T[] {
  const values = reflectors.flatMap(reflector => reflector.values() ?? []);
  const same = previous?.length === values.length && values.every((value, index) => value === previous[index]);
  return same ? previous : values;
}
