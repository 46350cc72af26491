import { backoffMs } from '@kube-prefetch/time';
import type { KubeApiError } from '../api/kube-api.ts';

/** How a round ended. A round lists when it has to, then watches until the watch ends. */
export interface RoundEnd {
  /** How many rounds before this one failed in a row. */
  readonly failures: number;
  /** How long the watch lasted; 0 when the server did not accept it. */
  readonly lastedMs: number;
  /** Undefined when the server closed the watch, or when it was silent for too long. */
  readonly error: KubeApiError | undefined;
  /** The round began with a list. */
  readonly listed: boolean;
  /** The server accepted the watch and ended it before it had brought anything. */
  readonly fruitless: boolean;
}

export interface NextRound {
  readonly failures: number;
  readonly pauseMs: number;
  /** List again instead of watching from the last version seen. */
  readonly list: boolean;
}

/** Each kind has its own pauses. The cap limits how late a kind notices that the server is back. */
const BACKOFF = { baseMs: 500, capMs: 10_000 };
/** A watch that lasted this long was a success. A server that closes watches sooner is asked less often. */
export const STEADY_MS = 5_000;
/**
 * When etcd was restored from a backup, the server may answer 5xx to a version that it does not know, and it answers 400 to what is
 * none. And where watches do not get through, as behind some proxies, lists may.
 */
const LIST_AFTER_FAILURES = 3;

/**
 * What the next round does:
 *
 * | the round ended                                     | next round                                      |
 * | --------------------------------------------------- | ----------------------------------------------- |
 * | with Expired, and had not begun with a list         | lists at once                                   |
 * | otherwise, after its watch had lasted STEADY_MS     | watches at once; lists after Expired, TooLarge  |
 * | otherwise                                           | watches after a growing pause with full jitter  |
 * | the same, with Expired, TooLarge                    | lists after that pause                          |
 * | the same, each third time with 400, 5xx, fruitless  | lists after that pause                          |
 */
export function decideRelist({ failures, lastedMs, error, listed, fruitless }: RoundEnd, jitter: number): NextRound {
  const expired = error?.failure === 'Expired';
  if (expired && !listed) return { failures, pauseMs: 0, list: true };
  const list = expired || error?.failure === 'TooLarge';
  if (lastedMs >= STEADY_MS) return { failures: 0, pauseMs: 0, list };
  const again = failures + 1;
  const mayBeVersion = fruitless || error?.failure === 'ServerError' || error?.failure === 'Invalid';
  return {
    failures: again,
    pauseMs: Math.max(backoffMs(again, jitter, BACKOFF), Math.min(error?.retryAfterMs ?? 0, BACKOFF.capMs)),
    list: list || (mayBeVersion && again % LIST_AFTER_FAILURES === 0),
  };
}
