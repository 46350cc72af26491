import type { Log } from '@kube-prefetch/process';
import { backoffMs, type Clock, createTrigger, type Random } from '@kube-prefetch/time';
import type { SavedState, StateFile } from '../state-file.ts';

const SAVE_SPACING_MS = 1_000;
const SAVE_BACKOFF = { baseMs: 1_000, capMs: 60_000 };

/** Keeps the state file up with the memory. */
export interface StateSaver {
  changed(): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface StateSaverParts {
  readonly file: Pick<StateFile, 'save'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly read: () => SavedState;
}

export function createStateSaver({ file, clock, random, log, read }: StateSaverParts): StateSaver {
  const wake = createTrigger(clock);

  return {
    changed: () => wake.fire(),
    async run(signal) {
      for (let failures = 0; ; ) {
        await wake.next(Number.POSITIVE_INFINITY, signal);
        try {
          await file.save(read());
          failures = 0;
        } catch (error) {
          failures += 1;
          if (failures === 1) log.warn({ err: error }, 'the state file could not be written');
          wake.fire();
        }
        const backoff = failures === 0 ? 0 : backoffMs(failures, random(), SAVE_BACKOFF);
        await clock.sleep(SAVE_SPACING_MS + backoff, signal);
      }
    },
  };
}
