import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { memoise } from '../memoise.ts';
import type { ClusterState, KindRef, KnownKind, Workload } from '../state/cluster-state.ts';

/** Kubernetes' own kinds, which are always read. Without a group their names mean them, whoever else has such a kind. */
const BUILT_IN: readonly KnownKind[] = [
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map(kind => ({ group: 'apps', kind })),
  ...['CronJob', 'Job'].map(kind => ({ group: 'batch', kind })),
].map(kind => ({ ...kind, read: true, gaps: [], notes: [] }));

/** Kinds that resources may name besides Kubernetes' own workloads: Pod as well where pods may be read. */
export function kindsKnown({ kinds = NO_KINDS, pods }: Pick<ClusterState, 'kinds' | 'pods'>): readonly KnownKind[] {
  return pods?.allowed ? withPod(kinds, pods.gaps) : kinds;
}

const NO_KINDS: readonly KnownKind[] = [];
const withPod = memoise((kinds: readonly KnownKind[], gaps: readonly string[]): readonly KnownKind[] => [
  ...kinds,
  { group: '', kind: 'Pod', read: true, gaps, notes: [] },
]);

/** As resources name a kind: `Rollout.argoproj.io`. */
export function kindKey({ group, kind }: KindRef): string {
  return `${kind}.${group}`;
}

/** As people read it: with its group unless it is Kubernetes' own. */
export function describeKind(kind: KindRef): string {
  return kind.group === '' || BUILT_IN.some(builtIn => kindKey(builtIn) === kindKey(kind)) ? kind.kind : kindKey(kind);
}

/** `Deployment shop/web`, `Rollout.argoproj.io shop/web`. */
export function workloadName(workload: KindRef & Pick<Workload, 'namespace' | 'name'>): string {
  return `${describeKind(workload)} ${workload.namespace}/${workload.name}`;
}

/** The kinds that `Rollout`, or `Rollout.argoproj.io`, may mean. */
export function kindsNamed(name: string, known: readonly KnownKind[]): readonly KnownKind[] {
  const isNamed = (kind: KindRef) => kind.kind === name || kindKey(kind) === name;
  const builtIn = BUILT_IN.filter(isNamed);
  return builtIn.length > 0 ? builtIn : known.filter(isNamed);
}

/** What is wrong with the names of kinds. */
export function kindProblems(spec: PrefetchSpec, known: readonly KnownKind[]): readonly string[] {
  return spec.workloads.flatMap(({ kinds }, index) =>
    kinds.flatMap((name, at) => {
      const problem = kindProblem(name, known);
      return problem === undefined ? [] : [`spec.workloads[${index}].kinds[${at}]: ${problem}`];
    }),
  );
}

function kindProblem(name: string, known: readonly KnownKind[]): string | undefined {
  const [found, ...others] = kindsNamed(name, known);
  if (found === undefined && name === 'Pod')
    return 'Pod needs the right to list pods, which the coordinator does not have; an administrator sets pods.read';
  if (found === undefined)
    return `${name} is no kind that is read; an administrator adds it to workloadKinds.known, or describes it in workloadKinds.custom`;
  if (others.length > 0) return `${name} is ${[found, ...others].map(kindKey).join(' or ')}: write which one`;
  const through = found.makes;
  if (through === undefined || kindsNamed(kindKey(through), known).length > 0) return undefined;
  return `${kindKey(found)} is found through ${kindKey(through)}, which is not read; an administrator adds it to workloadKinds.known`;
}

/** Every kind that the resource finds workloads of. */
export function kindsRead({ workloads }: PrefetchSpec, known: readonly KnownKind[]): readonly KnownKind[] {
  const named = workloads.flatMap(({ kinds }) => kinds.flatMap(name => kindsNamed(name, known)));
  const through = named.flatMap(({ makes }) => (makes === undefined ? [] : kindsNamed(kindKey(makes), known)));
  return [...new Set([...named, ...through])];
}
