import type { NamespaceChoice, WorkloadChoice } from '@kube-prefetch/protocol';
import type { KindRef, KnownKind, Namespace, Resource, Workload } from '../state/cluster-state.ts';
import { compileSelector } from '../selectors/label-selector.ts';
import { describeKind, kindKey, kindsNamed } from './kind-names.ts';

export interface FoundWorkloads {
  readonly workloads: readonly Workload[];
  /** A sentence for each that was found and whose template is nowhere. */
  readonly notes: readonly string[];
}

/**
 * Those of `workloads` that at least one entry of `spec.workloads` finds. Whatever refers to the template of another one stands
 * for that one.
 */
export function findWorkloads(
  { ref, spec }: Resource,
  workloads: readonly Workload[],
  namespaces: readonly Namespace[],
  kinds: readonly KnownKind[] = [],
): FoundWorkloads {
  const finders = spec.workloads.map(choice => {
    const inNamespace =
      ref.kind === 'Prefetch'
        ? (namespace: string) => namespace === ref.namespace
        : compileNamespaces(choice.namespaces, namespaces);
    return compileChoice(choice, inNamespace, kinds);
  });
  const found = workloads.filter(workload => finders.some(finds => finds(workload)));
  return found.some(({ reference }) => reference !== undefined)
    ? followReferences(found, workloads)
    : { workloads: found, notes: [] };
}

function followReferences(found: readonly Workload[], workloads: readonly Workload[]): FoundWorkloads {
  const byName = Map.groupBy(workloads, workload => workloadName(workload));
  const wanted = new Set(found.filter(({ reference }) => reference === undefined));
  const notes: string[] = [];
  for (const workload of found) {
    if (workload.reference === undefined) continue;
    const target = workloadName({ ...workload.reference, namespace: workload.namespace });
    const referred = byName.get(target) ?? [];
    for (const each of referred) if (each.reference === undefined) wanted.add(each);
    if (referred.length === 0)
      notes.push(`${workloadName(workload)} takes its template of ${target}, which is not known`);
  }
  return { workloads: workloads.filter(workload => wanted.has(workload)), notes };
}

/** `Deployment shop/web`, `Rollout.argoproj.io shop/web`. */
function workloadName(workload: KindRef & Pick<Workload, 'namespace' | 'name'>): string {
  return `${describeKind(workload)} ${workload.namespace}/${workload.name}`;
}

/** Which template of which workload, and why it has no pods now: `RayCluster.ray.io ml/a spec.headGroupSpec.template, suspended`. */
export function describeWorkload(workload: Workload): string {
  const name = [workloadName(workload), workload.template ?? []].flat().join(' ');
  return [name, workload.resting ?? []].flat().join(', ');
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
  return owner !== undefined && REPEATED[kindKey({ group, kind })] === kindKey(owner);
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

/**
 * One that a workload of another named kind made is left out, as that one counts: the Jobs of a JobSet where both kinds are
 * named. Where the owner's kind was never read it counts.
 */
function compileChoice(
  { kinds, selector }: WorkloadChoice,
  inNamespace: (namespace: string) => boolean,
  known: readonly KnownKind[],
): (workload: Workload) => boolean {
  const matches = compileSelector(selector);
  const named = kinds.flatMap(name => kindsNamed(name, known));
  const keys = new Set(named.map(kindKey));
  const owners = new Set(named.filter(kind => known.includes(kind) && kind.read && !kind.makes).map(kindKey));
  const makers = named.filter(({ makes }) => makes !== undefined);
  return workload =>
    (keys.has(kindKey(workload)) || makers.some(maker => isMadeBy(maker, workload))) &&
    !(workload.owner !== undefined && owners.has(kindKey(workload.owner))) &&
    inNamespace(workload.namespace) &&
    matches(workload.labels);
}

function isMadeBy(maker: KnownKind, { owner, labels, ...kind }: Workload): boolean {
  const { makes } = maker;
  if (makes === undefined || kindKey(makes) !== kindKey(kind)) return false;
  return makes.label === undefined
    ? owner !== undefined && kindKey(owner) === kindKey(maker)
    : labels[makes.label] !== undefined;
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
