import type { NamespaceChoice, WorkloadChoice } from '@kube-prefetch/protocol';
import type { ClusterState, Namespace, Resource, Workload } from '../state/cluster-state.ts';
import { compileSelector } from '../selectors/label-selector.ts';

/** The workloads that at least one entry of `spec.workloads` finds. */
export function findWorkloads({ ref, spec }: Resource, state: ClusterState): readonly Workload[] {
  const finders = spec.workloads.map(choice => {
    const inNamespace =
      ref.kind === 'Prefetch'
        ? (namespace: string) => namespace === ref.namespace
        : compileNamespaces(choice.namespaces, state.namespaces);
    return compileChoice(choice, inNamespace);
  });
  return state.workloads.filter(workload => speaksForItself(workload) && finders.some(finds => finds(workload)));
}

/** An owned ReplicaSet or Job is its owner's; a finished Job starts no more pods. Zero replicas count: they may grow. */
function speaksForItself({ kind, owned, finished }: Workload): boolean {
  if (kind === 'Job') return !owned && !finished;
  return kind !== 'ReplicaSet' || !owned;
}

function compileChoice(
  { kinds, selector }: WorkloadChoice,
  inNamespace: (namespace: string) => boolean,
): (workload: Workload) => boolean {
  const matches = compileSelector(selector);
  return ({ kind, namespace, labels }) => kinds.includes(kind) && inNamespace(namespace) && matches(labels);
}

/**
 * (names ∪ selector) − exclude; all where neither names nor a selector is given, an empty list of names counting as none
 * given. A namespace that was not read has no labels to select it by; it can still be named.
 */
function compileNamespaces(
  { names = [], selector, exclude = [] }: NamespaceChoice = {},
  namespaces: readonly Namespace[],
): (namespace: string) => boolean {
  const excluded = new Set(exclude);
  if (names.length === 0 && selector === undefined) return namespace => !excluded.has(namespace);
  const matches = selector === undefined ? () => false : compileSelector(selector);
  const selected = namespaces.filter(({ labels }) => matches(labels)).map(({ name }) => name);
  const included = new Set([...names, ...selected]);
  return namespace => included.has(namespace) && !excluded.has(namespace);
}
