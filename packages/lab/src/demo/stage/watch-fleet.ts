import type { NodeView } from '@kube-prefetch/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Screen } from '../view/screen.ts';

type Look = () => Promise<readonly NodeView[]>;

const LOOK_EVERY_MS = 150;

/** Every look updates the table; one at a time, so that it never goes back. */
export function shownLook(look: Look, screen: Screen, address: string): Look {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(look).then(views => {
      screen.show(views, address);
      return views;
    });
    last = next.catch(() => {});
    return next;
  };
}

/** Until the signal aborts. A look that fails is no news. */
export async function keepLooking(look: Look, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look().catch(() => {});
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
