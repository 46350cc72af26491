import type { ClusterSource } from '@kube-prefetch/cluster';
import type { ClusterState } from '@kube-prefetch/core';

/** A source that a test hands its states to. */
export interface StateSource extends ClusterSource {
  /** Resolves once the line has read this state and assigned the plans made from it. */
  set(state: ClusterState): Promise<void>;
}

export function createStateSource(): StateSource {
  let state: ClusterState | undefined;
  let changed = () => {};
  let wasRead = () => {};

  return {
    run(onChange, signal) {
      changed = onChange;
      return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
    read() {
      // A pass runs without a break: whoever waits for this goes on after it.
      if (state !== undefined) wasRead();
      return state;
    },
    set(next) {
      const read = new Promise<void>(resolve => {
        wasRead = resolve;
      });
      state = next;
      changed();
      return read;
    },
  };
}
