import { type ClusterState, noteRecentPods, type RecentPods } from '@kube-prefetch/core';
import { type Clock, dateOf } from '@kube-prefetch/time';

/** Keeps which pods were there lately. */
export interface RecentPodsMemory {
  /** Begins a term: what another leader wrote into statuses since counts, and nothing older. */
  open(): void;
  /** Takes in the pods that are there now. */
  note(state: ClusterState): RecentPods;
  /** The same for a caller that only looks. */
  view(state: ClusterState): RecentPods;
}

/** With 50,000 pods a look takes tenths of a second, and most passes are about something else. Until then what is over may stay. */
const LOOK_AGAIN_MS = 10_000;
const PARTS = ['resources', 'workloads', 'kinds', 'pods', 'namespaces'] as const;

/** Wall time: what is remembered outlives the process. */
export function createRecentPods(clock: Clock): RecentPodsMemory {
  let known: RecentPods = new Map();
  let last: { readonly of: ClusterState; readonly atMs: number } | undefined;
  const isSame = (state: ClusterState) =>
    last !== undefined &&
    clock.monotonicMs() - last.atMs < LOOK_AGAIN_MS &&
    PARTS.every(part => last?.of[part] === state[part]);
  const view = (state: ClusterState) =>
    isSame(state) ? known : noteRecentPods(state, known, ms => dateOf(clock.wallMs() - ms).toISOString());
  return {
    open() {
      known = new Map();
      last = undefined;
    },
    note(state) {
      if (isSame(state)) return known;
      known = view(state);
      last = { of: state, atMs: clock.monotonicMs() };
      return known;
    },
    view,
  };
}
