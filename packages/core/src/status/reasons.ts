import type { Condition } from '@kube-prefetch/protocol';

/** Every reason of every condition, once. docs/status.md explains each; a test ties the two together. */
export const CONDITION_REASONS = {
  Accepted: { Valid: 'True', Invalid: 'False' },
  Stalled: { Invalid: 'True' },
  Ready: { Planned: 'True', NotAccepted: 'False', SourcesIncomplete: 'False', PlanFull: 'False' },
  Warm: {
    AllPresent: 'True',
    NotAccepted: 'False',
    NoImages: 'False',
    NoNodes: 'False',
    Failing: 'False',
    NoAgent: 'False',
    PlanFull: 'False',
    BeyondLimits: 'False',
    Suspended: 'False',
    Pulling: 'False',
    AwaitingReports: 'False',
    SourcesIncomplete: 'Unknown',
    NothingCounts: 'Unknown',
  },
} as const satisfies Record<Condition['type'], Record<string, Condition['status']>>;

export type ConditionType = keyof typeof CONDITION_REASONS;

/** A condition's reason decides its status. */
export interface Judgement<T extends ConditionType> {
  readonly reason: keyof (typeof CONDITION_REASONS)[T] & string;
  readonly message: string;
}

export function conditionStatus(type: ConditionType, reason: string): Condition['status'] {
  const statuses: Readonly<Record<string, Condition['status']>> = CONDITION_REASONS[type];
  return statuses[reason] ?? 'Unknown';
}
