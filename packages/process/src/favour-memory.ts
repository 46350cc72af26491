import { setFlagsFromString } from 'node:v8';
import { type Clock, createBusyShare } from '@kube-prefetch/time';

const EVERY_MS = 2_000;
/** Of the event loop's time: less is calm. */
const CALM_SHARE = 0.3;
/** So many looks in a row. */
const CALM_LOOKS = 3;

export interface FavourParts {
  readonly clock: Clock;
  /** As `createBusyShare` makes it. */
  readonly busyShare?: () => number;
  readonly setFlag?: (flag: string) => void;
}

/**
 * Has V8 give memory back while little is to be done, until the signal aborts. Left to itself it keeps the pages that a storm of
 * requests needed once, as many again as its heap has: only collections that favour size give them back, and it makes none while
 * thousands of agents poll. Under load they would cost half as much CPU again. Of V8's flags this is one that it reads at each collection.
 */
export async function favourMemoryWhenCalm(
  { clock, busyShare = createBusyShare(), setFlag = setFlagsFromString }: FavourParts,
  signal: AbortSignal,
): Promise<void> {
  let calmLooks = 0;
  let isFavoured = false;
  while (!signal.aborted) {
    // The signal is looked at right above.
    await clock.sleep(EVERY_MS, signal).catch(() => {});
    calmLooks = busyShare() < CALM_SHARE ? calmLooks + 1 : 0;
    const favour = calmLooks >= CALM_LOOKS;
    if (favour !== isFavoured) setFlag(favour ? '--optimize-for-size' : '--no-optimize-for-size');
    isFavoured = favour;
  }
}
