import type { NamespaceChoice, WorkloadChoice } from '@kube-prefetch/protocol';
import type { Namespace, Resource, Workload } from '../state/cluster-state.ts';
import { compileSelector } from '../selectors/label-selector.ts';

/** Those of `workloads` that at least one entry of `spec.workloads` finds. */
export function findWorkloads(
  { ref, spec }: Resource,
  workloads: readonly Workload[],
  namespaces: readonly Namespace[],
): readonly Workload[] {
  const finders = spec.workloads.map(choice => {
    const inNamespace =
      ref.kind === 'Prefetch'
        ? (namespace: string) => namespace === ref.namespace
        : compileNamespaces(choice.namespaces, namespaces);
    return compileChoice(choice, inNamespace);
  });
  return workloads.filter(workload => finders.some(finds => finds(workload)));
}

/**
 * | workload                                                      | counts                                  |
 * | ------------------------------------------------------------- | --------------------------------------- |
 * | a Deployment's ReplicaSet, a CronJob's Job                    | no: its owner is read, and counts       |
 * | one that has ended                                            | no: it starts no more pods              |
 * | a ReplicaSet without replicas, of another controller          | if it is the newest one of its owner    |
 * | any other, also one without replicas                          | yes: it may grow                        |
 */
export function workloadsThatCount(workloads: readonly Workload[]): readonly Workload[] {
  const newest = newestRevisions(workloads);
  return workloads.filter(workload => {
    const { finished, revision } = workload;
    if (finished || repeatsOwner(workload)) return false;
    return !revision?.idle || revision.createdAt === newest.get(revision.controller);
  });
}

/** Workloads that Kubernetes makes of another one that is always read, whose pod template they repeat. */
const REPEATED: Readonly<Record<string, string>> = {
  'ReplicaSet.apps': 'Deployment.apps',
  'Job.batch': 'CronJob.batch',
};

function repeatsOwner({ group, kind, owner }: Workload): boolean {
  return owner !== undefined && REPEATED[`${kind}.${group}`] === `${owner.kind}.${owner.group}`;
}

/** When the newest ReplicaSet of each controller was created. */
function newestRevisions(workloads: readonly Workload[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const { revision } of workloads) {
    const latest = revision && newest.get(revision.controller);
    if (revision && (latest === undefined || revision.createdAt > latest))
      newest.set(revision.controller, revision.createdAt);
  }
  return newest;
}

function compileChoice(
  { kinds, selector }: WorkloadChoice,
  inNamespace: (namespace: string) => boolean,
): (workload: Workload) => boolean {
  const matches = compileSelector(selector);
  const named: readonly string[] = kinds;
  return ({ kind, namespace, labels }) => named.includes(kind) && inNamespace(namespace) && matches(labels);
}

/**
 * (names ∪ selector) − exclude; all if neither names nor a selector is given. An empty list of names counts as not given. A
 * namespace that was not read has no labels to select it by; it can still be named.
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
