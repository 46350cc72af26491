import type { Workload, WorkloadOwner } from '../state/cluster-state.ts';

/** The owner, the owner's owner and so on, as far as they are read; each with all of its templates. */
export type OwnersOf = (namespace: string, owner: WorkloadOwner | undefined) => readonly (readonly Workload[])[];

/** A Job of a JobSet of a TrainJob has three. More is a circle. */
const MAX_OWNERS = 5;

export function compileOwners(workloads: readonly Workload[]): OwnersOf {
  const byKey = Map.groupBy(workloads, ({ namespace, ...workload }) => ownerKey(namespace, workload));
  // Most pods share their controller with others.
  const known = new Map<string, readonly (readonly Workload[])[]>();
  const follow = (namespace: string, owner: WorkloadOwner) => {
    const chain: (readonly Workload[])[] = [];
    for (let next: WorkloadOwner | undefined = owner; next !== undefined && chain.length < MAX_OWNERS; ) {
      const templates = byKey.get(ownerKey(namespace, next));
      if (templates === undefined) break;
      chain.push(templates);
      next = templates[0]?.owner;
    }
    return chain;
  };
  return (namespace, owner) => {
    if (owner === undefined) return [];
    const key = ownerKey(namespace, owner);
    const chain = known.get(key) ?? follow(namespace, owner);
    known.set(key, chain);
    return chain;
  };
}

/** One for each object that may own others. */
export function ownerKey(namespace: string, { kind, group, name }: WorkloadOwner): string {
  return `${kind}.${group} ${namespace}/${name}`;
}
