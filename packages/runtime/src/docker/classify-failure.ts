import type { FailureKind } from '@kube-prefetch/protocol';
import { FAILURE_TABLE } from './failure-table.ts';

/** The first row of the table that fits. By text: engines answer 500 to nearly everything, or 200 and say it later. */
export function classifyFailure(text: string): FailureKind {
  return FAILURE_TABLE.find(({ match }) => match.test(text))?.kind ?? 'Unknown';
}
