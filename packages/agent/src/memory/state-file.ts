import type { Log } from '@kube-prefetch/process';
import { FAILURE_KINDS, MAX_IMAGES_PER_NODE, Plan } from '@kube-prefetch/protocol';
import { type Clock, createRetry, createTrigger, type Random } from '@kube-prefetch/time';
import Type, { type Static } from 'typebox';

const Image = Type.String({ minLength: 1 });

/** What outlives the process: enough to go on without a coordinator, and to trust no broken image. */
export const SavedState = Type.Object({
  plan: Type.Optional(Plan),
  suspects: Type.Array(
    Type.Object({
      image: Image,
      kind: Type.Enum([...FAILURE_KINDS]),
      message: Type.String(),
      count: Type.Integer({ minimum: 1 }),
      /** The runtime's name for the broken image, once a look has found it. */
      id: Type.Optional(Type.String({ maxLength: 256 })),
    }),
    { maxItems: MAX_IMAGES_PER_NODE },
  ),
  /** Images that the last look found. */
  present: Type.Array(Image, { maxItems: MAX_IMAGES_PER_NODE }),
});
export type SavedState = Static<typeof SavedState>;

export interface StateFile {
  /** Undefined where there is none. One that cannot be read is moved aside, and `problem` says where to. */
  load(): Promise<{ readonly saved: SavedState | undefined; readonly problem?: string }>;
  /** Writes all or nothing, also when the machine stops meanwhile. Throws when it could not write. */
  save(state: SavedState): Promise<void>;
}

const SAVE_SPACING_MS = 1_000;
/**
 * The list of present images may wait. Each save syncs the disk, and while pulls run that writes out all that they have just
 * unpacked. If a crash loses the list, an image that was deleted is pulled again without its random delay; no more.
 */
const DELAY_MS = { soon: 0, eventually: 30_000 };
const SAVE_BACKOFF = { baseMs: 1_000, capMs: 60_000 };

/** Writes the state file whenever the memory has changed. */
export interface StateSaver {
  /** `soon`: plans and suspects. */
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
      const retry = createRetry(random);
      for (;;) {
        while (clock.monotonicMs() < dueMs) await wake.next(dueMs, signal);
        dueMs = Number.POSITIVE_INFINITY;
        try {
          await file.save(read());
          retry.succeeded();
        } catch (error) {
          if (retry.failed()) log.warn({ err: error }, 'the state file could not be written');
          changed('soon');
        }
        await clock.sleep(SAVE_SPACING_MS + retry.pauseMs(SAVE_BACKOFF), signal);
      }
    },
  };
}
