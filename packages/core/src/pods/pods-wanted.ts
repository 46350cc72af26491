import type { WorkloadChoice } from '@kube-prefetch/protocol';
import { findWorkloads } from '../workloads/find-workloads.ts';
import { workloadName } from '../workloads/kind-names.ts';
import type { ClusterState, Resource, Workload, WorkloadOwner } from '../state/cluster-state.ts';
import { compileOwners } from './owners.ts';

/** Which pods the resources want to know about. */
export interface PodsWanted {
  /** Some resource names the kind Pod: every one. */
  readonly all: boolean;
  /** Some resource wants images as admitted. */
  readonly admitted: boolean;
  /** Those of this controller. */
  wants(namespace: string, owner: WorkloadOwner): boolean;
  /** This controller, if it is read; of one with several templates any. */
  controller(namespace: string, owner: WorkloadOwner): Workload | undefined;
}

export function podsWanted({
  resources,
  workloads,
  namespaces,
  kinds,
}: Pick<ClusterState, 'resources' | 'workloads' | 'namespaces' | 'kinds'>): PodsWanted {
  const readable = resources.filter(({ problems }) => problems.length === 0);
  const asking = readable.filter(wantsAdmitted);
  const wanted = new Set(
    asking
      .flatMap(resource => {
        const choices = resource.spec.workloads.filter(choosesAdmitted);
        return findWorkloads(
          { ...resource, spec: { ...resource.spec, workloads: choices } },
          workloads,
          namespaces,
          kinds,
        ).workloads;
      })
      .map(workloadName),
  );
  const ownersOf = compileOwners(workloads);
  return {
    all: readable.some(({ spec }) => spec.workloads.some(choosesPods)),
    admitted: asking.length > 0,
    controller: (namespace, owner) => ownersOf(namespace, owner)[0]?.[0],
    wants: (namespace, owner) =>
      ownersOf(namespace, owner).some(([template]) => template !== undefined && wanted.has(workloadName(template))),
  };
}

/** Of a resource that broke the schema nothing is known. */
export function wantsAdmitted({ spec, problems }: Pick<Resource, 'spec' | 'problems'>): boolean {
  return problems.length === 0 && spec.workloads.some(choosesAdmitted);
}

export function choosesPods({ kinds }: WorkloadChoice): boolean {
  return kinds.includes('Pod');
}

function choosesAdmitted({ kinds, images }: WorkloadChoice): boolean {
  return images !== 'Written' && kinds.some(kind => kind !== 'Pod');
}
