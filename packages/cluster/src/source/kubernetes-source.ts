import {
  type ClusterState,
  type DeviceClass,
  kindKey,
  type KnownKind,
  type Namespace,
  type Node,
  podsWanted,
  type PodsWanted,
  type Resource,
  type ResourceSlice,
  type SeenPods,
  type ServiceAccount,
  type Workload,
} from '@kube-prefetch/core';
import { createTrigger, runTogether } from '@kube-prefetch/time';
import type { ClusterSource, SourceLog } from '../ports/source-and-sink.ts';
import type { KubeDiscovery } from '../api/kube-api.ts';
import { nextState, reuseEqual } from '../to-state/next-state.ts';
import type { WorkloadKinds } from '../workload-kinds/kind-row.ts';
import type { Projection } from './object-store.ts';
import { describeOutage, isGap } from './decide-gap.ts';
import { createPodsReader } from './pods-reader.ts';
import { createFoundKind, type FoundKind } from './found-kind.ts';
import { createKindDiscovery } from './kind-discovery.ts';
import { PROJECTIONS, TECHSQUAD_PROJECTION } from './projections.ts';
import { type Reflector, type ReflectorParts, createReflector } from './reflector.ts';

export interface KubernetesSourceParts extends ReflectorParts {
  /** The coordinator's namespace; undefined where no Secret may be read: then ServiceAccounts are not read either. */
  readonly ownNamespace?: string | undefined;
  /** Whether another operator's Prefetches are read as well. */
  readonly techsquad?: boolean | undefined;
  /** Kinds of workloads besides Kubernetes' own. */
  readonly kinds?: { readonly read: WorkloadKinds; readonly discovery: KubeDiscovery } | undefined;
  /** Whether pods may be read; where absent they are not. */
  readonly pods?: boolean | undefined;
}

/** The cluster that an API server knows; docs/status.md says what counts while a part of it cannot be read. */
export function createKubernetesSource(parts: KubernetesSourceParts): ClusterSource {
  const { clock, log, ownNamespace } = parts;
  const kinds = reflectKinds(parts);
  const { read = { rows: [], makers: [] }, discovery: served } = parts.kinds ?? {};
  const discovery = served && createKindDiscovery(read.rows, { api: served, clock, random: parts.random, log });
  const found = discovery ? read.rows.map(row => createFoundKind(row, discovery, parts)) : [];
  const makers = read.makers.map(maker => ({ ...maker, read: true, gaps: [], notes: [] }));
  let state: ClusterState | undefined;

  const pods = parts.pods ? createPodsReader({ ...parts, gapOf }) : undefined;
  const wantedPods = memoisedPodsWanted();

  const combine = (changed: () => void) => {
    const read = combineKinds({ kinds, found, makers }, ownNamespace, state);
    if (read === undefined) return;
    pods?.want(wantedPods(read));
    if (state === undefined && pods?.awaited()) return;
    const next = withPods(read, pods?.read() ?? NO_PODS);
    if (next === state) return;
    logGaps(log, next, state);
    state = next;
    changed();
  };

  return {
    async run(changed, signal) {
      const wake = createTrigger(clock);
      const keepCombining = async (running: AbortSignal) => {
        while (!running.aborted) {
          combine(changed);
          await wake.next(Infinity, running);
        }
      };
      const reflecting = reflectorsOf(kinds).map(
        reflector => (running: AbortSignal) => reflector.run(() => wake.fire(), running),
      );
      const looked = () => {
        for (const kind of found) kind.looked();
        wake.fire();
      };
      const looking = discovery ? [(running: AbortSignal) => discovery.run(looked, running)] : [];
      const finding = found.map(kind => (running: AbortSignal) => kind.run(() => wake.fire(), running));
      const readingPods = pods ? [(running: AbortSignal) => pods.run(() => wake.fire(), running)] : [];
      await runTogether([keepCombining, ...reflecting, ...looking, ...finding, ...readingPods], signal);
    },
    read: () => state,
  };
}

/** Of a coordinator without the right to read them. */
const NO_PODS: SeenPods = { allowed: false, read: false, gaps: [], admitted: [], all: [] };

function withPods(state: ClusterState, pods: SeenPods): ClusterState {
  return state.pods === pods ? state : { ...state, pods };
}

/** Pods come and go much more often than what wants to know of them. */
function memoisedPodsWanted(): (state: ClusterState) => PodsWanted {
  let last: { readonly of: ClusterState; readonly wanted: PodsWanted } | undefined;
  const parts = ['resources', 'workloads', 'namespaces', 'kinds'] as const;
  return state => {
    if (last === undefined || parts.some(part => last?.of[part] !== state[part]))
      last = { of: state, wanted: podsWanted(state) };
    return last.wanted;
  };
}

function reflectKinds(parts: KubernetesSourceParts): ReflectedKinds {
  const reflect = <T>(projections: readonly Projection<T>[]) =>
    projections.map(projection => createReflector(projection, parts));
  return {
    resources: reflect([...PROJECTIONS.resources, ...(parts.techsquad ? [TECHSQUAD_PROJECTION] : [])]),
    workloads: reflect(PROJECTIONS.workloads),
    namespaces: reflect(PROJECTIONS.namespaces),
    nodes: reflect(PROJECTIONS.nodes),
    deviceClasses: reflect(PROJECTIONS.deviceClasses),
    resourceSlices: reflect(PROJECTIONS.resourceSlices),
    serviceAccounts: parts.ownNamespace === undefined ? [] : reflect(PROJECTIONS.serviceAccounts),
  };
}

/** Logs each gap once, when it appears. */
function logGaps(log: SourceLog, next: ClusterState, previous: ClusterState | undefined): void {
  const all = ({ gaps, kinds = [] }: ClusterState) => [...gaps, ...kinds.flatMap(kind => kind.gaps)];
  const known = new Set(previous && all(previous));
  for (const gap of all(next)) if (!known.has(gap)) log.warn({ gap }, 'the state of the cluster has a gap');
}

/** The reflectors of the kinds that make up each part of the state. */
interface ReflectedKinds {
  readonly resources: readonly Reflector<Resource>[];
  readonly workloads: readonly Reflector<readonly Workload[]>[];
  readonly namespaces: readonly Reflector<Namespace>[];
  readonly nodes: readonly Reflector<Node>[];
  readonly deviceClasses: readonly Reflector<DeviceClass>[];
  readonly resourceSlices: readonly Reflector<ResourceSlice>[];
  readonly serviceAccounts: readonly Reflector<ServiceAccount>[];
}

interface AllKinds {
  readonly kinds: ReflectedKinds;
  readonly found: readonly FoundKind[];
  readonly makers: readonly KnownKind[];
}

/**
 * Makes one state of all kinds, and returns `previous` itself when nothing changed. Undefined before the first state, until
 * each kind has been read or has failed for long enough to be a gap.
 */
function combineKinds(
  { kinds, found, makers }: AllKinds,
  ownNamespace: string | undefined,
  previous: ClusterState | undefined,
): ClusterState | undefined {
  const all = reflectorsOf(kinds);
  const gaps = all.flatMap(reflector => gapOf(reflector) ?? []);
  const awaited = all.some(reflector => reflector.values() === undefined && gapOf(reflector) === undefined);
  if (previous === undefined && (awaited || found.some(kind => kind.awaited()))) return undefined;
  const problems = all.flatMap(reflector => reflector.problems());
  return nextState(previous, {
    resources: joined(previous?.resources, kinds.resources),
    workloads: sameOr(previous?.workloads, [
      ...kinds.workloads.flatMap(reflector => reflector.values() ?? []).flat(),
      ...found.flatMap(kind => kind.values()).flat(),
    ]),
    kinds: reuseEqual(previous?.kinds, [...found.map(kind => kind.describe()), ...makers], kindKey),
    namespaces: joined(previous?.namespaces, kinds.namespaces),
    nodes: joined(previous?.nodes, kinds.nodes),
    deviceClasses: joined(previous?.deviceClasses, kinds.deviceClasses),
    resourceSlices: joined(previous?.resourceSlices, kinds.resourceSlices),
    serviceAccounts: isRead(kinds.serviceAccounts)
      ? joined(previous?.serviceAccounts, kinds.serviceAccounts)
      : undefined,
    ownNamespace,
    gaps: [...gaps, ...problems],
  });
}

function reflectorsOf(kinds: ReflectedKinds): readonly Reflector<unknown>[] {
  return Object.values(kinds).flat() as readonly Reflector<unknown>[];
}

function gapOf(reflector: Reflector<unknown>): string | undefined {
  const outage = reflector.outage();
  if (outage === undefined || !isGap(outage)) return undefined;
  const counts = reflector.values() === undefined ? 'nothing of it is known yet' : 'what was read last counts';
  return `${reflector.name} cannot be read: ${describeOutage(outage)}; ${counts}`;
}

function isRead(reflectors: readonly Reflector<unknown>[]): boolean {
  return reflectors.some(reflector => reflector.values() !== undefined);
}

function joined<T>(previous: readonly T[] | undefined, reflectors: readonly Reflector<T>[]): readonly T[] {
  return sameOr(
    previous,
    reflectors.flatMap(reflector => reflector.values() ?? []),
  );
}

/** `previous` itself where both have the very same values. */
function sameOr<T>(previous: readonly T[] | undefined, values: readonly T[]): readonly T[] {
  const same = previous?.length === values.length && values.every((value, index) => value === previous[index]);
  return same ? previous : values;
}
