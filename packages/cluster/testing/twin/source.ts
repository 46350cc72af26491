import type { ClusterState } from '@kube-prefetch/core';
import type { ClusterSource } from '../../src/ports/cluster-source.ts';

export type MemorySource = ClusterSource & {
  /** What `read` answers from now on. */
  set(state: ClusterState): void;
};

/** A cluster that is what a test or the simulator says. */
export function createMemorySource(): MemorySource {
  let state: ClusterState | undefined;
  const listeners = new Set<() => void>();

  return {
    run(changed, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise(resolve => {
        listeners.add(changed);
        signal.addEventListener(
          'abort',
          () => {
            listeners.delete(changed);
            resolve();
          },
          { once: true },
        );
        if (state !== undefined) changed();
      });
    },
    read: () => state,
    set(next) {
      if (next === state) return;
      state = next;
      for (const changed of listeners) changed();
    },
  };
}
