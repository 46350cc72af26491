import {
  type Labels,
  ownerKey,
  type PodsWanted,
  type PodSpec,
  type Workload,
  type WorkloadOwner,
} from '@kube-prefetch/core';
import type { PodMetadata } from './to-pod.ts';

/** Whose pods they are, and of which of its templates. */
export interface GroupRef {
  readonly namespace: string;
  readonly owner: WorkloadOwner;
  readonly revision: Labels;
}

/** Pods of one controller that were made from the same template. */
export interface PodGroup extends GroupRef {
  readonly newest: PodMetadata;
}

/** What was last read of the pods of a group. */
export interface LearnedPod extends GroupRef {
  /** Undefined where none could be read. */
  readonly pod?: PodSpec;
  readonly name: string;
  readonly readMs: number;
  /** Their controller then. */
  readonly made?: Workload;
  /** Why the pod of that name could not be used. */
  readonly problem?: string;
}

/** A webhook that was changed changes pods of the same template: a younger one is read again after so long. */
const READ_AGAIN_MS = 5 * 60_000;
const TRY_AGAIN_MS = 30_000;

/** Those that somebody wants to know about, by key. */
export function groupPods(pods: readonly PodMetadata[], { wants }: PodsWanted): ReadonlyMap<string, PodGroup> {
  const groups = new Map<string, PodGroup | undefined>();
  const wanted = new Map<string, boolean>();
  for (const pod of pods) {
    const { namespace, owner, revision } = pod;
    if (owner === undefined) continue;
    const controller = ownerKey(namespace, owner);
    const isWanted = wanted.get(controller) ?? wants(namespace, owner);
    wanted.set(controller, isWanted);
    if (!isWanted) continue;
    const key = `${controller} ${Object.values(revision).join(' ')}`;
    const known = groups.get(key);
    if (known === undefined || isYounger(pod, known.newest))
      groups.set(key, { namespace, owner, revision, newest: pod });
  }
  return groups as ReadonlyMap<string, PodGroup>;
}

/** Which pod is read next, and when to look again if none is: one of each group, and of what is known a younger one after a while. */
export function choosePodsToRead(
  groups: ReadonlyMap<string, PodGroup>,
  learned: ReadonlyMap<string, LearnedPod>,
  now: number,
): { readonly due: readonly (readonly [key: string, group: PodGroup])[]; readonly nextMs: number } {
  const due: (readonly [string, PodGroup])[] = [];
  let nextMs = Infinity;
  for (const entry of groups) {
    const [key, { newest }] = entry;
    const known = learned.get(key);
    if (known?.name === newest.name && known.problem === undefined) continue;
    // Of one that is gone nothing was learned.
    const isNext = known === undefined || (known.pod === undefined && known.name !== newest.name);
    const dueMs = isNext ? now : known.readMs + (known.problem === undefined ? READ_AGAIN_MS : TRY_AGAIN_MS);
    if (dueMs <= now) due.push(entry);
    else nextMs = Math.min(nextMs, dueMs);
  }
  return { due, nextMs };
}

function isYounger(a: PodMetadata, b: PodMetadata): boolean {
  return a.createdAt === b.createdAt ? a.name > b.name : a.createdAt > b.createdAt;
}

/**
 * What of `learned` still counts: that of groups that have pods, of controllers that are wanted, and of the last controller that is gone of each
 * owner that is wanted.
 */
export function keepLearned(
  learned: ReadonlyMap<string, LearnedPod>,
  groups: ReadonlyMap<string, PodGroup>,
  { wants }: PodsWanted,
): ReadonlyMap<string, LearnedPod> {
  const lastOf = new Map<string, string>();
  const isOrphan = ({ namespace, owner }: LearnedPod) => !wants(namespace, owner);
  const makerOf = ({ namespace, made }: LearnedPod) =>
    made?.owner && wants(namespace, made.owner) ? ownerKey(namespace, made.owner) : undefined;
  for (const [key, pods] of learned) {
    const maker = isOrphan(pods) ? makerOf(pods) : undefined;
    if (maker !== undefined && pods.pod !== undefined) lastOf.set(maker, key);
  }
  const last = new Set(lastOf.values());
  return new Map(
    [...learned].filter(
      ([key, pods]) => groups.has(key) || (pods.pod !== undefined && (!isOrphan(pods) || last.has(key))),
    ),
  );
}
