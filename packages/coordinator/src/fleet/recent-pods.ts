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

/** Wall time: what is remembered outlives the process. */
export function createRecentPods(clock: Clock): RecentPodsMemory {
  let known: RecentPods = new Map();
  const view = (state: ClusterState) => noteRecentPods(state, known, ms => dateOf(clock.wallMs() - ms).toISOString());
  return { open: () => void (known = new Map()), note: state => (known = view(state)), view };
}
