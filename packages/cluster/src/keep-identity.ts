import { isDeepStrictEqual } from 'node:util';
import type { ClusterState } from '@kube-prefetch/core';

/** `next`, with what is equal in `previous` taken from there; `previous` itself where nothing differs. */
export function keepIdentity<T>(
  previous: readonly T[] | undefined,
  next: readonly T[],
  keyOf: (item: T) => string,
): readonly T[] {
  if (previous === undefined) return next;
  const before = new Map(previous.map(item => [keyOf(item), item]));
  const kept = next.map(item => {
    const old = before.get(keyOf(item));
    return isDeepStrictEqual(old, item) ? (old as T) : item;
  });
  return kept.length === previous.length && kept.every((item, index) => item === previous[index]) ? previous : kept;
}

/** `previous` itself where `next` is made of the same parts. */
export function keepState(previous: ClusterState | undefined, next: ClusterState): ClusterState {
  if (previous === undefined) return next;
  const same = (Object.keys(next) as (keyof ClusterState)[]).every(part => previous[part] === next[part]);
  return same ? previous : next;
}
