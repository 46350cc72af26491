import type { CellState, Failure, ImageRef, WaitReason } from '@kube-prefetch/protocol';

/** One planned image on this node, in the agent's own time; a CellReport says the same to people. */
export interface Cell {
  readonly image: ImageRef;
  readonly state: CellState;
  readonly waitingFor?: WaitReason;
  readonly failure?: Failure;
  /** Failed pulls in a row. */
  readonly attempts?: number;
  /** Monotonic; of what has a failure: the first of its kind since it was last present. */
  readonly failingSinceMs?: number | undefined;
  /** Monotonic; of Failed. In the past: it may be tried now. */
  readonly retryAtMs?: number;
  readonly sizeBytes?: number;
  readonly digests?: readonly string[];
}
