import type { ClusterState } from '@kube-prefetch/core';

/** Where the cluster's state comes from: a directory of manifests, or the API server. */
export interface ClusterSource {
  /**
   * Reads and goes on reading until the signal aborts, then resolves; calls `changed` whenever `read` may answer anew. One
   * run at a time; a later one goes on from what the one before has read.
   */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  /** The last good state with its gaps; parts that did not change keep their identity; undefined before the first full read. */
  read(): ClusterState | undefined;
}
