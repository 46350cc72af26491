import { workloadName } from '../workloads/kind-names.ts';
import type { Workload, WorkloadOwner } from '../state/cluster-state.ts';

/** The owner, the owner's owner and so on, as far as they are read; each with all of its templates. */
export type OwnersOf = (namespace: string, owner: WorkloadOwner | undefined) => readonly (readonly Workload[])[];

/** A Job of a JobSet of a TrainJob has three. More is a circle. */
const MAX_OWNERS = 5;

export function compileOwners(workloads: readonly Workload[]): OwnersOf {
  const byName = Map.groupBy(workloads, workloadName);
  return (namespace, owner) => {
    const chain: (readonly Workload[])[] = [];
    for (let next = owner; next !== undefined && chain.length < MAX_OWNERS; ) {
      const templates = byName.get(workloadName({ ...next, namespace }));
      if (templates === undefined) break;
      chain.push(templates);
      next = templates[0]?.owner;
    }
    return chain;
  };
}
