import type { StatusEvent } from '@kube-prefetch/cluster';
import { describeFailure } from '@kube-prefetch/core';
import type { Condition, PrefetchStatus, StatusFailure } from '@kube-prefetch/protocol';

/** Reasons of Warm that pass by themselves. */
const CALM: ReadonlySet<string> = new Set(['AllPresent', 'Pulling', 'AwaitingReports', 'Suspended', 'NothingCounts']);
/** Reasons of Warm that somebody has to know of although it was not True before either. */
const TO_MEND: ReadonlySet<string> = new Set(['NoAgent', 'NoImages', 'NoNodes', 'BeyondLimits', 'PlanFull']);
const MAX_FAILURES = 3;

/**
 * What people are told about the change from one status to the next; `previous` is undefined where none was written before.
 *
 * | what changed                                                    | event                                              |
 * | --------------------------------------------------------------- | -------------------------------------------------- |
 * | the spec is not accepted, or is again                           | Warning Invalid, Normal Valid                      |
 * | Warm turned                                                     | its reason; Warning unless that passes by itself   |
 * | Warm is not True for another reason, which somebody has to mend | Warning, its reason                                |
 * | an image fails that did not fail so before                      | Warning Failing, with image, reason, nodes         |
 *
 * Of a resource whose status is a single word each reason of Warm is told. A restart tells nothing anew.
 */
export function statusEvents(
  previous: PrefetchStatus | undefined,
  next: PrefetchStatus,
  isOneWord = false,
): readonly StatusEvent[] {
  const accepted = conditionOf(next, 'Accepted');
  const warm = conditionOf(next, 'Warm');
  const failures = previous === undefined ? [] : newFailures(previous, next);
  const tellsWarm = warm !== undefined && isNews(conditionOf(previous, 'Warm'), warm, isOneWord);
  const isFailing = warm?.reason === 'Failing';
  const shown = isFailing && failures.length === 0 ? next.failures : failures;
  return [
    ...(accepted !== undefined && hasTurned(conditionOf(previous, 'Accepted'), accepted)
      ? [toEvent(accepted, accepted.message)]
      : []),
    ...(tellsWarm && !isFailing ? [toEvent(warm, describeTurn(conditionOf(previous, 'Warm'), warm))] : []),
    ...(failures.length > 0 || (tellsWarm && isFailing)
      ? [
          {
            type: 'Warning' as const,
            reason: 'Failing',
            message: [...countsOf(warm), ...describeAll(shown)].join('; '),
          },
        ]
      : []),
  ];
}

function hasTurned(before: Condition | undefined, { status }: Condition): boolean {
  return before === undefined ? status === 'False' : before.status !== status;
}

function isNews(before: Condition | undefined, { status, reason }: Condition, isOneWord: boolean): boolean {
  // Accepted says it.
  if (reason === 'NotAccepted') return false;
  if (before === undefined) return TO_MEND.has(reason);
  if (before.status !== status) return true;
  return before.reason !== reason && (isOneWord || TO_MEND.has(reason));
}

function newFailures(previous: PrefetchStatus, next: PrefetchStatus): readonly StatusFailure[] {
  const known = new Set(previous.failures.map(({ image, reason }) => `${reason} ${image}`));
  return next.failures.filter(({ image, reason }) => !known.has(`${reason} ${image}`));
}

function describeTurn(before: Condition | undefined, { status, message }: Condition): string {
  if (status === 'True') return `warm: ${message}`;
  return before?.status === 'True' ? `not warm any more: ${message}` : message;
}

/** The message goes on with the worst failure, which is told here among those that are new. */
function countsOf(warm: Condition | undefined): readonly string[] {
  return warm === undefined ? [] : warm.message.split('; ', 1);
}

function describeAll(failures: readonly StatusFailure[]): readonly string[] {
  const more = failures.length > MAX_FAILURES ? [`and ${failures.length - MAX_FAILURES} more images`] : [];
  return [...failures.slice(0, MAX_FAILURES).map(describeFailure), ...more];
}

function toEvent({ status, reason }: Condition, message: string): StatusEvent {
  return { type: status === 'True' || CALM.has(reason) ? 'Normal' : 'Warning', reason, message };
}

function conditionOf(status: PrefetchStatus | undefined, type: Condition['type']): Condition | undefined {
  return status?.conditions.find(condition => condition.type === type);
}
