import { adoptPlan, type ImageRef, MAX_IMAGES_PER_NODE, type Plan } from '@kube-prefetch/protocol';
import type { Presence } from '@kube-prefetch/runtime';
import type { Random } from '@kube-prefetch/time';
import {
  afterChange,
  afterFailure,
  afterLook,
  afterStaleLook,
  afterSuccess,
  afterWait,
  BLANK,
  isStale,
  type FinishedPull,
  type Histories,
  type History,
  type PullEnd,
} from '../decide/image-history.ts';
import { retryDelayMs } from '../decide/retry-delay.ts';
import type { SavedState } from './state-file.ts';

/** What the agent remembers between cycles. Only the plan in it may start a pull. */
export interface Memory {
  /** The last plan received, with the items that an incomplete one left out; undefined before the first. */
  plan(): Plan | undefined;
  adopt(plan: Plan): void;
  /** Takes in what a look found, except of images that were being pulled when it began. */
  noteLook(seen: ReadonlyMap<ImageRef, Presence>, running: ReadonlyMap<ImageRef, unknown>, now: number): Histories;
  notePull(image: ImageRef, end: PullEnd, now: number): void;
  /** Other credentials are there for it than those that were refused. */
  noteChange(image: ImageRef, now: number): void;
  /** Does nothing where the image was pulled again since. */
  notePulledBytes(image: ImageRef, pull: FinishedPull, doneBytes: number): void;
  histories(): Histories;
  /** Compressed or unpacked, as some runtime counted. */
  sizes(): ReadonlyMap<ImageRef, number>;
  noteSize(image: ImageRef, sizeBytes: number): void;
  save(): SavedState;
  restore(saved: SavedState, now: number): void;
}

export interface MemoryParts {
  readonly random: Random;
  /** Called when `save` would return something else, with how soon it has to be on the disk. */
  readonly changed: (when: 'soon' | 'eventually') => void;
}

export function createMemory({ random, changed }: MemoryParts): Memory {
  let plan: Plan | undefined;
  const histories = new Map<ImageRef, History>();
  const sizes = new Map<ImageRef, number>();

  const replace = (image: ImageRef, before: History, after: History) => {
    if (after === before) return;
    histories.set(image, after);
    if (before.suspect !== after.suspect || after.suspect) changed('soon');
    else if (before.presentSinceMs !== after.presentSinceMs) changed('eventually');
  };
  const forgetUnplanned = (now: number) => {
    const planned = new Set(plan?.items.map(item => item.image));
    for (const image of sizes.keys()) if (!planned.has(image)) sizes.delete(image);
    for (const [image, history] of histories) {
      if (!planned.has(image) && !outlivesPlan(history, now)) histories.delete(image);
    }
  };

  return {
    plan: () => plan,
    adopt(next) {
      const before = digestsOf(plan);
      plan = adoptPlan(plan, next);
      for (const [image, digest] of digestsOf(plan)) {
        const history = histories.get(image);
        // What a mirror answered before tells nothing of other contents.
        if (before.get(image) !== digest && history?.failure?.kind === 'Outdated')
          histories.set(image, afterChange(history, 0));
      }
      changed('soon');
    },
    noteLook(seen, running, now) {
      forgetUnplanned(now);
      const digests = digestsOf(plan);
      for (const [image, presence] of seen) {
        if (presence.present) sizes.set(image, presence.sizeBytes);
        if (running.has(image)) continue;
        const before = histories.get(image) ?? BLANK;
        const foundId = presence.present ? presence.id : undefined;
        const digest = digests.get(image);
        const stale = foundId !== undefined && digest !== undefined && isStale(presence, digest);
        const after = stale
          ? afterStaleLook(before, foundId, digest, now, random())
          : afterLook(before, foundId, now, random());
        replace(image, before, after);
      }
      return histories;
    },
    notePull(image, end, now) {
      const before = histories.get(image) ?? BLANK;
      if (end.result === 'cancelled') return;
      if (end.result === 'waits') return void histories.set(image, afterWait(before, end.because, now, random()));
      const after =
        end.result === 'pulled'
          ? afterSuccess(before, end.pull, now)
          : afterFailure(before, end.failure, now, random());
      replace(image, before, after);
    },
    noteChange(image, now) {
      const before = histories.get(image);
      if (before !== undefined) histories.set(image, afterChange(before, now));
    },
    notePulledBytes(image, pull, doneBytes) {
      const history = histories.get(image);
      if (history?.pull === pull) histories.set(image, { ...history, pull: { ...pull, doneBytes } });
    },
    histories: () => histories,
    sizes: () => sizes,
    noteSize: (image, sizeBytes) => void sizes.set(image, sizeBytes),
    save: () => toSave(plan, histories),
    restore(saved, now) {
      plan ??= saved.plan;
      for (const image of saved.present) histories.set(image, { ...BLANK, presentSinceMs: now });
      for (const { image, kind, message, count, id } of saved.suspects) {
        const retryAtMs = now + retryDelayMs(kind, count, random());
        histories.set(image, {
          ...BLANK,
          suspect: { id },
          failure: { kind, message, count, atMs: now, retryAtMs, firstMs: { [kind]: now } },
        });
      }
    },
  };
}

function digestsOf(plan: Plan | undefined): ReadonlyMap<ImageRef, string> {
  return new Map(plan?.items.flatMap(({ image, digest }) => (digest === undefined ? [] : [[image, digest]])));
}

/** Otherwise an image that leaves the plan and comes back would be trusted again, or tried too soon. */
function outlivesPlan(history: History, now: number): boolean {
  return history.suspect !== undefined || (history.failure?.retryAtMs ?? 0) > now;
}

function toSave(plan: Plan | undefined, histories: Histories): SavedState {
  const suspects = [...histories].flatMap(([image, { suspect, failure }]) =>
    suspect && failure
      ? [{ image, kind: failure.kind, message: failure.message, count: failure.count, id: suspect.id }]
      : [],
  );
  const present = [...histories].flatMap(([image, history]) => (history.presentSinceMs === undefined ? [] : [image]));
  return {
    plan,
    suspects: suspects.slice(0, MAX_IMAGES_PER_NODE),
    present: present.slice(0, MAX_IMAGES_PER_NODE),
  };
}
