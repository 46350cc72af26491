import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { CONDITION_REASONS } from './reasons.ts';
import { techsquadPhase } from './techsquad-phase.ts';

test.each([
  ['PENDING', ['NoImages', 'NoNodes']],
  ['FAILED', ['NotAccepted', 'Failing', 'PlanFull', 'BeyondLimits']],
  ['RUNNING', ['AllPresent', 'Pulling', 'NoAgent', 'AwaitingReports', 'SourcesIncomplete', 'NothingCounts']],
])('the phase is %s where Warm has one of the reasons %j', (phase, reasons) => {
  for (const reason of reasons) {
    expect(CONDITION_REASONS.Warm).toHaveProperty(reason);
    const conditions = [{ type: 'Warm', reason }] as unknown as PrefetchStatus['conditions'];
    expect([reason, techsquadPhase({ conditions } as PrefetchStatus)]).toEqual([reason, phase]);
  }
});
