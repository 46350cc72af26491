import type { ImageRef } from '@kube-prefetch/protocol';
import type { Pulled } from '@kube-prefetch/runtime';
import { type Clock, createTrigger } from '@kube-prefetch/time';
import type { FinishedPull } from '../decide/image-history.ts';

/** How often it looks whether pulls still run. */
const LOOK_MS = 500;
/** On a node where pulls always run, it counts after this time. */
const LONGEST_MS = 30_000;
/** If there are more, the oldest counts with the bytes that were seen of it. */
const MAX_UNCOUNTED = 100;

/**
 * Counts the bytes that finished pulls brought from their registry. The runtime's answers to that slow down unpacking, so it waits
 * while other pulls run. When the agent ends, what is left is never counted.
 */
export interface ByteCounts {
  add(finished: Uncounted): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface Uncounted {
  readonly image: ImageRef;
  readonly pull: FinishedPull;
  readonly countBytes: Pulled['countBytes'];
}

export interface ByteCountsParts {
  readonly clock: Clock;
  readonly pulling: () => boolean;
  readonly counted: (image: ImageRef, pull: FinishedPull, bytes: number) => void;
}

export function createByteCounts({ clock, pulling, counted }: ByteCountsParts): ByteCounts {
  const wake = createTrigger(clock);
  const uncounted: Uncounted[] = [];

  /** If the runtime cannot count, the bytes that were seen last are taken. */
  const note = ({ image, pull }: Uncounted, bytes = pull.doneBytes) => {
    if (bytes !== undefined) counted(image, pull, bytes);
  };
  const untilQuiet = async (signal: AbortSignal) => {
    const endMs = clock.monotonicMs() + LONGEST_MS;
    do await clock.sleep(LOOK_MS, signal);
    while (pulling() && clock.monotonicMs() < endMs);
  };

  return {
    add(finished) {
      const oldest = uncounted.length < MAX_UNCOUNTED ? undefined : uncounted.shift();
      if (oldest !== undefined) note(oldest);
      uncounted.push(finished);
      wake.fire();
    },
    async run(signal) {
      for (;;) {
        await wake.next(Number.POSITIVE_INFINITY, signal);
        await untilQuiet(signal);
        // Together: a runtime answers for many with a few lists.
        await Promise.all(uncounted.splice(0).map(async pull => note(pull, await pull.countBytes(signal))));
      }
    },
  };
}
