import { isDeepStrictEqual } from 'node:util';
import type { ClusterState } from '@kube-prefetch/core';

const MAX_GAPS = 100;

/** `next` with at most MAX_GAPS gaps. Returns `previous` itself when all of its parts are the same objects. */
export function nextState(previous: ClusterState | undefined, next: ClusterState): ClusterState {
  const state = { ...next, gaps: reuseEqual(previous?.gaps, limitGaps(next.gaps), gap => gap) };
  const parts = Object.keys(state) as (keyof ClusterState)[];
  return previous !== undefined && parts.every(part => previous[part] === state[part]) ? previous : state;
}

/** Takes each item from `previous` that is equal there. Returns `previous` itself when nothing differs. */
export function reuseEqual<T>(
  previous: readonly T[] | undefined,
  next: readonly T[],
  keyOf: (item: T) => string,
): readonly T[] {
  if (previous === undefined) return next;
  const before = new Map(previous.map(item => [keyOf(item), item]));
  const reused = next.map(item => {
    const old = before.get(keyOf(item));
    return isDeepStrictEqual(old, item) ? (old as T) : item;
  });
  return reused.length === previous.length && reused.every((item, index) => item === previous[index])
    ? previous
    : reused;
}

function limitGaps(gaps: readonly string[]): readonly string[] {
  return gaps.length <= MAX_GAPS ? gaps : [...gaps.slice(0, MAX_GAPS), `and ${gaps.length - MAX_GAPS} more problems`];
}
