/** Every reason of every condition, once. docs/status.md explains each; a test ties the two together. */
export const CONDITION_REASONS = {
  Accepted: { Valid: 'True', Invalid: 'False' },
  Ready: { Planned: 'True', NotAccepted: 'False', SourcesIncomplete: 'False', PlanFull: 'False' },
  Warm: {
    AllPresent: 'True',
    NotAccepted: 'False',
    NoImages: 'False',
    NoNodes: 'False',
    Failing: 'False',
    NoAgent: 'False',
    Suspended: 'False',
    Pulling: 'False',
    SourcesIncomplete: 'Unknown',
    NothingCounts: 'Unknown',
  },
} as const satisfies Record<'Accepted' | 'Ready' | 'Warm', Record<string, 'True' | 'False' | 'Unknown'>>;

export type ConditionType = keyof typeof CONDITION_REASONS;

/** A condition's reason decides its status. */
export interface Finding<T extends ConditionType> {
  readonly reason: keyof (typeof CONDITION_REASONS)[T] & string;
  readonly message: string;
}
