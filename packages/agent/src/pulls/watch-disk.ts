import type { ImageRuntime, Space } from '@kube-prefetch/runtime';
import { type Clock, createTrigger } from '@kube-prefetch/time';

/** In this time a fast disk takes some gigabytes: less than lies between our limit and the kubelet's. */
const LOOK_MS = 1_000;

/** Looks at the disk while pulls run, because the line may not look for a minute, and others fill the disk too. */
export interface DiskWatch {
  pullStarted(): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface DiskWatchParts {
  readonly clock: Clock;
  readonly runtime: Pick<ImageRuntime, 'space'>;
  readonly pulling: () => boolean;
  readonly isOver: (space: Space) => boolean;
  /** Called at every look that finds the disk over its limit. */
  readonly over: () => void;
}

export function createDiskWatch({ clock, runtime, pulling, isOver, over }: DiskWatchParts): DiskWatch {
  const started = createTrigger(clock);
  return {
    pullStarted: () => started.fire(),
    async run(signal) {
      for (;;) {
        await started.next(Number.POSITIVE_INFINITY, signal);
        while (pulling()) {
          await clock.sleep(LOOK_MS, signal);
          // The line notices a runtime that does not answer.
          const space = await runtime.space(signal).catch(() => 'unknown' as const);
          if (space !== 'unknown' && isOver(space)) over();
        }
      }
    },
  };
}
