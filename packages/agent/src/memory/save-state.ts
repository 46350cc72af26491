import type { Log } from '@kube-prefetch/process';
import { backoffMs, type Clock, createTrigger, type Random } from '@kube-prefetch/time';
import type { SavedState, StateFile } from './state-file.ts';

const SAVE_SPACING_MS = 1_000;
/**
 * What was seen present may wait: every save is synced to the disk, and while pulls run that makes the file system write out
 * all they have just unpacked. Lost with a crash, it costs a healing its random delay; nothing else.
 */
const DELAY_MS = { soon: 0, eventually: 30_000 };
const SAVE_BACKOFF = { baseMs: 1_000, capMs: 60_000 };

/** Keeps the state file up with the memory. */
export interface StateSaver {
  /** Plans and suspicions are saved soon. */
  changed(when: keyof typeof DELAY_MS): void;
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
  let dueMs = Number.POSITIVE_INFINITY;

  const changed: StateSaver['changed'] = when => {
    dueMs = Math.min(dueMs, clock.monotonicMs() + DELAY_MS[when]);
    wake.fire();
  };

  return {
    changed,
    async run(signal) {
      for (let failures = 0; ; ) {
        while (clock.monotonicMs() < dueMs) await wake.next(dueMs, signal);
        dueMs = Number.POSITIVE_INFINITY;
        try {
          await file.save(read());
          failures = 0;
        } catch (error) {
          failures += 1;
          if (failures === 1) log.warn({ err: error }, 'the state file could not be written');
          changed('soon');
        }
        const backoff = failures === 0 ? 0 : backoffMs(failures, random(), SAVE_BACKOFF);
        await clock.sleep(SAVE_SPACING_MS + backoff, signal);
      }
    },
  };
}
