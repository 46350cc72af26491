import { isDeepStrictEqual } from 'node:util';
import type { AdmittedPods, PodSpec, PodsWanted, SeenPods } from '@kube-prefetch/core';
import { createTrigger, linkSignals, runTogether } from '@kube-prefetch/time';
import { KubeApiError } from '../api/kube-api.ts';
import { PODS, PODS_METADATA } from '../api/kinds.ts';
import { type Reflector, type ReflectorParts, createReflector } from './reflector.ts';
import { fields, MalformedField } from '../to-state/index.ts';
import { choosePodsToRead, groupPods, keepLearned, type LearnedPod, type PodGroup } from '../pods/group-pods.ts';
import { type PodMetadata, toAdmittedSpec, toPod, toPodMetadata } from '../pods/to-pod.ts';

/** Reads pods as long as some resource wants to know of them. */
export interface PodsReader {
  /** Calls `changed` when `read` may return something new, at most once a second. */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  want(wanted: PodsWanted): void;
  /** The same object while nothing changed. */
  read(): SeenPods;
  /** Some resource wants to know of pods, and they have not been read yet. */
  awaited(): boolean;
}

/** Pods come and go in crowds. */
const PACE_MS = 1_000;
const READS_AT_ONCE = 8;
/** Far more than templates in a cluster. */
const MAX_LEARNED = 20_000;
const MAX_SHARED_SPECS = 20_000;
const MAX_PROBLEMS = 10;
const LONGEST_MESSAGE = 300;
const NOTHING: SeenPods = { allowed: true, read: false, gaps: [], admitted: [], all: [] };
const NOBODY: PodsWanted = { all: false, admitted: false, wants: () => false, controller: () => undefined };

type Mode = 'none' | 'metadata' | 'whole';

export interface PodsReaderParts extends ReflectorParts {
  /** Why a kind counts as one that cannot be read. */
  readonly gapOf: (reflector: Reflector<unknown>) => string | undefined;
}

export function createPodsReader(parts: PodsReaderParts): PodsReader {
  const { api, clock, log } = parts;
  const wake = createTrigger(clock);
  const shareSpec = createSpecSharer();
  let wanted = NOBODY;
  let current: { readonly reflector: Reflector<PodMetadata>; readonly mode: Mode } | undefined;
  let groups: ReadonlyMap<string, PodGroup> = new Map();
  let learned: ReadonlyMap<string, LearnedPod> = new Map();
  /** Every group had its turn once. */
  let complete = false;
  let seen = NOTHING;

  const gap = () => current && parts.gapOf(current.reflector);

  const reflect = (mode: Exclude<Mode, 'none'>) =>
    createReflector(
      mode === 'metadata'
        ? { kind: PODS_METADATA, project: object => toPodMetadata(fields.root(object)) }
        : { kind: PODS, project: object => toPod(fields.root(object), shareSpec) },
      parts,
    );

  const readOne = async (key: string, group: PodGroup, signal: AbortSignal): Promise<readonly [string, LearnedPod]> => {
    const { newest, ...ref } = group;
    const { namespace, name, workload } = newest;
    const known = learned.get(key)?.pod;
    const made = wanted.controller(namespace, ref.owner);
    const now = { ...ref, name, readMs: clock.monotonicMs(), ...(made && { made }) };
    if (workload !== undefined) return [key, { ...now, pod: workload.pod }];
    try {
      const object = await api.get(PODS, { namespace, name }, signal);
      return [key, { ...now, pod: shareSpec(toAdmittedSpec(fields.root(object))) }];
    } catch (error) {
      if (!(error instanceof KubeApiError || error instanceof MalformedField)) throw error;
      log.debug({ pod: `${namespace}/${name}`, err: error }, 'a pod cannot be read');
      // The watch says so next; and another pod of the group is read then.
      const isGone = error instanceof KubeApiError && error.failure === 'NotFound';
      const problem = isGone
        ? ''
        : `Pod ${namespace}/${name} cannot be read: ${error.message.slice(0, LONGEST_MESSAGE)}`;
      return [key, { ...now, problem, ...(known && { pod: known }) }];
    }
  };

  /** Reads what is due, and returns when something is next. */
  const look = async (changed: () => void, signal: AbortSignal): Promise<number> => {
    const pods = current?.reflector.values();
    if (pods !== undefined) {
      groups = groupPods(pods, wanted);
      learned = keepLearned(learned, groups, wanted);
      const { due } = choosePodsToRead(groups, learned, clock.monotonicMs());
      const next = new Map(learned);
      for (let start = 0; start < due.length; start += READS_AT_ONCE) {
        const batch = due.slice(start, start + READS_AT_ONCE);
        const read = await Promise.all(batch.map(([key, group]) => readOne(key, group, signal)));
        for (const [key, pod] of read) next.set(key, pod);
        // The server does not answer: the others are tried later.
        if (read.every(([, { problem = '' }]) => problem !== '')) break;
      }
      learned = new Map([...next].slice(-MAX_LEARNED));
      complete = true;
    }
    changed();
    return choosePodsToRead(groups, learned, clock.monotonicMs()).nextMs;
  };

  /** Until the mode is another one. */
  const readIn = async (mode: Exclude<Mode, 'none'>, changed: () => void, signal: AbortSignal) => {
    const next = { reflector: reflect(mode), mode };
    const over = new AbortController();
    const until = linkSignals(signal, over.signal);
    const keepLooking = async (running: AbortSignal) => {
      while (modeOf(wanted) === mode) {
        // What was read before counts until the other list is whole.
        if (current === undefined || next.reflector.values() !== undefined) current = next;
        const dueMs = await look(changed, running);
        await clock.sleep(PACE_MS, running);
        await wake.next(dueMs, running);
      }
      over.abort();
    };
    const reflecting = (running: AbortSignal) => next.reflector.run(() => wake.fire(), running);
    await runTogether([keepLooking, reflecting], until.signal);
    until.unlink();
  };

  return {
    async run(changed, signal) {
      while (!signal.aborted) {
        const mode = modeOf(wanted);
        if (mode !== 'none') {
          await readIn(mode, changed, signal);
          continue;
        }
        [current, groups, learned, complete] = [undefined, new Map(), new Map(), false];
        await wake.next(Infinity, signal);
      }
    },
    want(next) {
      if (next === wanted) return;
      wanted = next;
      wake.fire();
    },
    awaited: () => modeOf(wanted) !== 'none' && !complete && gap() === undefined,
    read() {
      if (modeOf(wanted) === 'none' || current === undefined) return (seen = sameOr(seen, NOTHING));
      const { reflector, mode } = current;
      const problems = [...learned].flatMap(([key, { problem }]) => (groups.has(key) && problem) || []);
      return (seen = sameOr(seen, {
        allowed: true,
        read: complete && (!wanted.all || mode === 'whole'),
        gaps: [gap() ?? [], problems.slice(0, MAX_PROBLEMS), reflector.problems().slice(0, MAX_PROBLEMS)].flat(),
        admitted: admittedOf(learned, groups, seen.admitted),
        all: wanted.all ? (reflector.values() ?? []).flatMap(({ workload }) => workload ?? []) : [],
      }));
    },
  };
}

function admittedOf(
  learned: ReadonlyMap<string, LearnedPod>,
  groups: ReadonlyMap<string, PodGroup>,
  previous: readonly AdmittedPods[],
): readonly AdmittedPods[] {
  const admitted = [...learned].flatMap(([key, { namespace, owner, revision, made, pod }]) =>
    pod === undefined ? [] : [{ key, namespace, owner, revision, gone: !groups.has(key), ...(made && { made }), pod }],
  );
  const next = admitted.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ key: _key, ...pods }) => pods);
  return isDeepStrictEqual(next, previous) ? previous : next;
}

/** `previous` itself where nothing changed. */
function sameOr(previous: SeenPods, next: SeenPods): SeenPods {
  const { all, admitted, gaps, ...rest } = next;
  const same =
    rest.allowed === previous.allowed &&
    rest.read === previous.read &&
    admitted === previous.admitted &&
    all.length === previous.all.length &&
    all.every((pod, index) => pod === previous.all[index]) &&
    isDeepStrictEqual(gaps, previous.gaps);
  return same ? previous : next;
}

/** Most pods are copies of others. */
function createSpecSharer(): (spec: PodSpec) => PodSpec {
  const known = new Map<string, PodSpec>();
  return spec => {
    const key = JSON.stringify(spec);
    const same = known.get(key);
    if (same !== undefined) return same;
    if (known.size >= MAX_SHARED_SPECS) known.clear();
    known.set(key, spec);
    return spec;
  };
}

function modeOf({ all, admitted }: PodsWanted): Mode {
  if (all) return 'whole';
  return admitted ? 'metadata' : 'none';
}
