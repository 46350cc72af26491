import { backoffMs } from '@kube-prefetch/time';
import type { KubeApiError } from '../api/kube-api.ts';

/** One round is: list if need be, then watch until the watch ends. */
export interface RoundEnd {
  /** Rounds in a row, before this one, of which no watch stood. */
  readonly failures: number;
  /** How long the server kept the watch up; 0 where it did not accept one. */
  readonly stoodMs: number;
  /** Undefined where the server closed the watch, or it was silent. */
  readonly error: KubeApiError | undefined;
  /** The round began with a list. */
  readonly listed: boolean;
}

export interface NextRound {
  readonly failures: number;
  readonly pauseMs: number;
  /** Begin with a list rather than from the last version seen. */
  readonly list: boolean;
}

/** Every kind waits for itself: the cap is how long it takes to notice that the server is back. */
const BACKOFF = { baseMs: 500, capMs: 10_000 };
/** A server that accepts watches only to close them is not asked at full speed. */
const STEADY_MS = 5_000;
/** A version that the server fails on again and again may be one it no longer knows, its store having been restored. */
const LIST_AFTER_SERVER_ERRORS = 3;

/**
 * | the round ended                              | next                                          |
 * | -------------------------------------------- | --------------------------------------------- |
 * | Expired, on a version not just listed        | list at once                                  |
 * | in any way, after its watch had stood        | at once, from the last version                |
 * | otherwise                                    | after a pause that grows, with full jitter    |
 * | Expired, or with the third 5xx in a row      | the same, and list                            |
 */
export function nextRound({ failures, stoodMs, error, listed }: RoundEnd, jitter: number): NextRound {
  const expired = error?.failure === 'Expired';
  if (expired && !listed) return { failures, pauseMs: 0, list: true };
  if (stoodMs >= STEADY_MS) return { failures: 0, pauseMs: 0, list: expired };
  const again = failures + 1;
  return {
    failures: again,
    pauseMs: Math.max(backoffMs(again, jitter, BACKOFF), Math.min(error?.retryAfterMs ?? 0, BACKOFF.capMs)),
    list: expired || (error?.failure === 'ServerError' && again % LIST_AFTER_SERVER_ERRORS === 0),
  };
}
