import { keepList, memoise } from '../memoise.ts';
import { workloadName } from '../workloads/kind-names.ts';
import { podImages } from '../workloads/pod-images.ts';
import type { AdmittedPods, ClusterState, PodSpec, Workload } from '../state/cluster-state.ts';
import { compileOwners, type OwnersOf } from './owners.ts';

/** What pods of one template of a workload carry after admission. */
export interface Admitted {
  /** Of each revision that has pods, the newest; in the order of the state. */
  readonly pods: readonly PodSpec[];
  /** A pod of the template as it is now is among them. */
  readonly current: boolean;
}

/**
 * Says of a workload what its pods carry. Pods count for their controller and for all that own it: those of a ReplicaSet for its
 * Deployment.
 */
export function admittedImages({ workloads, pods }: ClusterState): (workload: Workload) => Admitted {
  const admitted = pods?.admitted ?? [];
  if (admitted.length === 0) return () => NOTHING_ADMITTED;
  const found = new Map<string, Found>();
  const ownersOf = compileOwners(workloads);
  for (const seen of admitted) {
    let below: readonly Made[] = [];
    for (const [level, templates] of chainOf(seen, ownersOf).entries()) {
      below = templates
        .filter(template => fits(template, seen))
        .map(template => ({
          template,
          current:
            level === 0 ? isOfRevision(template, seen) : below.some(made => made.current && repeats(made, template)),
        }));
      for (const { template, current } of below) {
        const key = templateKey(template);
        const known = found.get(key) ?? { there: [], gone: [], current: false };
        found.set(key, known);
        if (!seen.gone) {
          known.there.push(seen.pod);
          known.current ||= current;
        } else if (current) known.gone.push(seen.pod);
      }
    }
  }
  return workload => {
    const { there, gone, current } = found.get(templateKey(workload)) ?? NONE;
    // Those that are gone say what the next ones will carry, unless there are some or the template is another one by now.
    const carried = keepPods(workload, current ? there : [...there, ...gone]);
    return admittedOf(carried, current || gone.length > 0);
  };
}

const NOTHING_ADMITTED: Admitted = { pods: [], current: false };

/** These give the same object while it says the same of the workload. */
const keepPods = keepList<Workload, PodSpec>();
const admittedOf = memoise((pods: readonly PodSpec[], current: boolean): Admitted => ({ pods, current }));

interface Found {
  readonly there: PodSpec[];
  /** Of the template as it is now. */
  readonly gone: PodSpec[];
  /** Of those that are there. */
  current: boolean;
}

const NONE: Found = { there: [], gone: [], current: false };

/** A controller that is gone counts as it was, for those that own it. */
function chainOf({ namespace, owner, made }: AdmittedPods, ownersOf: OwnersOf): ReturnType<OwnersOf> {
  const chain = ownersOf(namespace, owner);
  return chain.length > 0 || made === undefined ? chain : [[made], ...ownersOf(namespace, made.owner)];
}

interface Made {
  readonly template: Workload;
  readonly current: boolean;
}

/** Not its identity: what annotations of others say makes another object of a workload. */
function templateKey(workload: Workload): string {
  return `${workloadName(workload)} ${workload.template ?? ''}`;
}

/** Webhooks add containers and change images; names stay. Where an object has several templates this tells whose pod it is. */
function fits({ template, pod }: Workload, seen: AdmittedPods): boolean {
  if (template === undefined) return true;
  const names = new Set(seen.pod.containers.map(({ name }) => name));
  return pod.containers.every(({ name }) => names.has(name));
}

/**
 * Whether the pods are of the template as it is now.
 *
 * | controller                                              | they are                                          |
 * | ------------------------------------------------------- | ------------------------------------------------- |
 * | ReplicaSet, Job                                         | always: its template does not change              |
 * | one that says how pods of its newest template are labelled | where they are labelled so                     |
 * | any other                                               | never: it cannot be told                          |
 */
function isOfRevision({ group, kind, podRevision }: Workload, { revision }: AdmittedPods): boolean {
  if ((group === 'apps' && kind === 'ReplicaSet') || (group === 'batch' && kind === 'Job')) return true;
  if (podRevision === undefined) return false;
  const [label, value] = podRevision;
  return revision[label] === value;
}

/** Whether a workload was made from the template as it is now: the same images, as controllers change other fields. */
function repeats({ template: made }: Made, { pod }: Workload): boolean {
  return imagesKey(made.pod) === imagesKey(pod);
}

function imagesKey(pod: PodSpec): string {
  return JSON.stringify(podImages(pod).map(({ name, image }) => [name, image]));
}
