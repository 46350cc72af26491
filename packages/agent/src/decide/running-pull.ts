import type { ImageRef } from '@kube-prefetch/protocol';
import type { Progress } from '@kube-prefetch/runtime';

/** A pull as it stands; times are monotonic. */
export interface RunningPull {
  readonly image: ImageRef;
  /** Started without a permit, because no coordinator answered. */
  readonly withoutPermit: boolean;
  readonly startedAtMs: number;
  /** When phase or bytes last changed. */
  readonly changedAtMs: number;
  /** Undefined until the runtime has shown any. */
  readonly progress: Progress | undefined;
  /** As another node's runtime once reported it. */
  readonly sizeBytes: number | undefined;
  readonly cancelled: boolean;
}
