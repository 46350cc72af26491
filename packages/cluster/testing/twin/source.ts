import type { ClusterState } from '@kube-prefetch/core';
import type { ClusterSource } from '../../src/ports/source-and-sink.ts';

export type TwinSource = ClusterSource & {
  /** Makes `read` return this state. */
  set(state: ClusterState): void;
};

/** A cluster whose state a test sets. */
export function createTwinSource(): TwinSource {
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
