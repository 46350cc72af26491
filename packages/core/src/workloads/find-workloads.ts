import type { NamespaceChoice, WorkloadChoice } from '@kube-prefetch/protocol';
import type { KindRef, KnownKind, Namespace, Resource, Workload } from '../state/cluster-state.ts';
import { memoise } from '../memoise.ts';
import { compileSelector } from '../selectors/label-selector.ts';
import { kindKey, kindsNamed, workloadName } from './kind-names.ts';
import { withAnnotationsOf } from './workload-annotations.ts';

export interface FoundWorkloads {
  readonly workloads: readonly Workload[];
  /** Of these: only entries with `onlyAnnotated` find it, by an annotation that cannot be understood. What is warm stays, no pull starts. */
  readonly unclear: ReadonlySet<Workload>;
  /** Of each of these. */
  readonly wanted: ReadonlyMap<Workload, ImagesWanted>;
  /** A sentence for each that was found and whose template is nowhere. */
  readonly notes: readonly string[];
}

/** Of a workload: which of its images. */
export interface ImagesWanted {
  readonly written: boolean;
  readonly admitted: boolean;
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
  // A Prefetch looks at its namespace alone, and there may be hundreds of them.
  const reachable = ref.kind === 'Prefetch' ? (byNamespace(workloads).get(ref.namespace ?? '') ?? []) : workloads;
  const own = ref.kind === 'Prefetch' ? ref.namespace : undefined;
  const finders = spec.workloads.map(choice => compileChoice(choice, own, namespaces, kinds, reachable));
  const found = reachable.filter(workload => finders.some(({ finds }) => finds(workload)));
  const isUnclear = (workload: Workload) =>
    workload.annotations?.prefetch === 'unclear' &&
    finders.every(({ onlyAnnotated, finds }) => onlyAnnotated || !finds(workload));
  const wantedOf = (workload: Workload): ImagesWanted => ({
    written: finders.some(({ images, finds }) => images !== 'Admitted' && finds(workload)),
    admitted: finders.some(({ images, finds }) => images !== 'Written' && finds(workload)),
  });
  if (found.some(({ reference }) => reference !== undefined))
    return followReferences(found, reachable, isUnclear, wantedOf);
  const wanted = new Map(found.map(workload => [workload, wantedOf(workload)]));
  return { workloads: found, unclear: new Set(found.filter(isUnclear)), wanted, notes: [] };
}

/** What the annotations of one that refers to a template say holds for that template too. */
function followReferences(
  found: readonly Workload[],
  workloads: readonly Workload[],
  isUnclear: (workload: Workload) => boolean,
  wantedOf: (workload: Workload) => ImagesWanted,
): FoundWorkloads {
  const byName = Map.groupBy(workloads, workload => workloadName(workload));
  const foundBy = new Map<Workload, Workload[]>();
  const notes: string[] = [];
  const note = (template: Workload, by: Workload) => foundBy.set(template, [...(foundBy.get(template) ?? []), by]);
  for (const workload of found) {
    if (workload.reference === undefined) {
      note(workload, workload);
      continue;
    }
    const target = workloadName({ ...workload.reference, namespace: workload.namespace });
    const referred = byName.get(target) ?? [];
    for (const each of referred) if (each.reference === undefined) note(each, workload);
    if (referred.length === 0)
      notes.push(`${workloadName(workload)} takes its template of ${target}, which is not known`);
  }
  const unclear = new Set<Workload>();
  const wanted = new Map<Workload, ImagesWanted>();
  const templates = workloads.flatMap(template => {
    const by = foundBy.get(template);
    if (by === undefined) return [];
    const workload = withAnnotationsOf(template, by);
    if (by.every(isUnclear)) unclear.add(workload);
    const each = by.map(wantedOf);
    wanted.set(workload, {
      written: each.some(({ written }) => written),
      admitted: each.some(({ admitted }) => admitted),
    });
    return [workload];
  });
  return { workloads: templates, unclear, wanted, notes };
}

const byNamespace = memoise((workloads: readonly Workload[]) => Map.groupBy(workloads, ({ namespace }) => namespace));

/** Pods are told by their namespace: plans would change with every one that comes. */
function describePods({ namespace, finished }: Workload): string {
  return finished ? `pods that were in ${namespace}` : `pods in ${namespace}`;
}

/** Which template of which workload, and why it has no pods now: `RayCluster.ray.io ml/a spec.headGroupSpec.template, suspended`. */
export function describeWorkload(workload: Workload): string {
  if (workload.kind === 'Pod' && workload.group === '') return describePods(workload);
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

/** One whose owner is found as well is left out, as the owner counts: a Job of a JobSet where an entry names both kinds. */
function compileChoice(
  choice: WorkloadChoice,
  own: string | undefined,
  namespaces: readonly Namespace[],
  known: readonly KnownKind[],
  workloads: readonly Workload[],
) {
  const { named, fits } = compileFits(choice, own, namespaces, known);
  const ownerKinds = named.flatMap(kind => (known.includes(kind) ? (kind.makes ?? kind) : []));
  const owners = new Set(
    ownerKinds.length === 0
      ? []
      : workloads.filter(workload => isAmong(ownerKinds, workload) && fits(workload)).map(workloadName),
  );
  const isOwned = ({ owner, namespace }: Workload) =>
    owners.size > 0 && owner !== undefined && owners.has(workloadName({ ...owner, namespace }));
  const { images, onlyAnnotated = false } = choice;
  return { finds: (workload: Workload) => fits(workload) && !isOwned(workload), images, onlyAnnotated };
}

/** What an entry says of each workload alone. `own`: the one namespace that a Prefetch looks at. */
const compileFits = memoise(
  (
    { kinds, selector, namespaces: choice, onlyAnnotated = false }: WorkloadChoice,
    own: string | undefined,
    namespaces: readonly Namespace[],
    known: readonly KnownKind[],
  ) => {
    const inNamespace = own === undefined ? compileNamespaces(choice, namespaces) : (name: string) => name === own;
    const matches = compileSelector(selector);
    const named = kinds.flatMap(name => kindsNamed(name, known));
    const makers = named.filter(({ makes }) => makes !== undefined);
    const fits = memoise(
      (workload: Workload) =>
        inNamespace(workload.namespace) &&
        (isAmong(named, workload) || makers.some(maker => isMadeBy(maker, workload))) &&
        matches(workload.labels) &&
        (!onlyAnnotated || workload.annotations?.prefetch !== undefined),
    );
    return { named, fits };
  },
);

function isAmong(kinds: readonly KindRef[], { group, kind }: KindRef): boolean {
  return kinds.some(each => each.kind === kind && each.group === group);
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
