import type { StatusEvent } from '@kube-prefetch/cluster';
import type { Condition, PrefetchStatus } from '@kube-prefetch/protocol';

const REPORTED: readonly Condition['type'][] = ['Accepted', 'Warm'];

/**
 * What happened to a resource between two statuses, for people. Before the first status of a term nobody knows what was:
 * only a resource that is not accepted is worth a word then, or every restart would announce the whole cluster.
 */
export function statusEvents(previous: PrefetchStatus | undefined, next: PrefetchStatus): readonly StatusEvent[] {
  return next.conditions
    .filter(({ type }) => REPORTED.includes(type))
    .filter(condition => hasTurned(previous, condition))
    .map(({ status, reason, message }) => ({ type: status === 'True' ? 'Normal' : 'Warning', reason, message }));
}

function hasTurned(previous: PrefetchStatus | undefined, { type, status }: Condition): boolean {
  if (previous === undefined) return type === 'Accepted' && status === 'False';
  return previous.conditions.find(condition => condition.type === type)?.status !== status;
}
