import type { ClusterState } from '@kube-prefetch/core';
import { createTrigger } from '@kube-prefetch/time';
import type { ClusterSource } from '../ports/cluster-source.ts';
import type { SourceLog } from '../source-log.ts';
import { combineKinds, type ReflectedKinds, reflectorsOf } from './combine-kinds.ts';
import type { Projection } from './object-store.ts';
import { PROJECTIONS } from './projections.ts';
import { createReflector, type ReflectorParts } from './reflector.ts';

/** The cluster that an API server knows; docs/status.md says what counts while a part of it cannot be read. */
export function createKubernetesSource(parts: ReflectorParts): ClusterSource {
  const { clock, log } = parts;
  const kinds = reflectKinds(parts);
  let state: ClusterState | undefined;

  const combine = (changed: () => void) => {
    const next = combineKinds(kinds, state);
    if (next === undefined || next === state) return;
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
      await together(signal, running => [
        keepCombining(running),
        ...reflectorsOf(kinds).map(reflector => reflector.run(() => wake.fire(), running)),
      ]);
    },
    read: () => state,
  };
}

function reflectKinds(parts: ReflectorParts): ReflectedKinds {
  const reflect = <T>(projections: readonly Projection<T>[]) =>
    projections.map(projection => createReflector(projection, parts));
  return {
    resources: reflect(PROJECTIONS.resources),
    workloads: reflect(PROJECTIONS.workloads),
    namespaces: reflect(PROJECTIONS.namespaces),
    nodes: reflect(PROJECTIONS.nodes),
    serviceAccounts: reflect(PROJECTIONS.serviceAccounts),
  };
}

/** Runs all until the signal aborts; one that fails for another reason ends the others, and that is thrown. */
async function together(signal: AbortSignal, start: (signal: AbortSignal) => readonly Promise<void>[]): Promise<void> {
  const stop = new AbortController();
  const running = start(AbortSignal.any([signal, stop.signal]));
  try {
    await Promise.all(running);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}

/** Each gap once, when it comes up. */
function logGaps(log: SourceLog, next: ClusterState, previous: ClusterState | undefined): void {
  const known = new Set(previous?.gaps);
  for (const gap of next.gaps) if (!known.has(gap)) log.warn({ gap }, 'the state of the cluster has a gap');
}
