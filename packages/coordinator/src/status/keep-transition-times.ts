import type { PrefetchStatus } from '@kube-prefetch/protocol';

/** A condition whose status did not change has not passed through anything: it keeps the time of its last transition. */
export function keepTransitionTimes(previous: PrefetchStatus | undefined, next: PrefetchStatus): PrefetchStatus {
  if (previous === undefined) return next;
  const conditions = next.conditions.map(condition => {
    const before = previous.conditions.find(({ type }) => type === condition.type);
    if (before?.status !== condition.status) return condition;
    return { ...condition, lastTransitionTime: before.lastTransitionTime };
  });
  return { ...next, conditions };
}
