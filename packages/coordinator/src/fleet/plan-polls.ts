import type { ApiError, Plan } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { createWaitingRequest } from '../requests/waiting-request.ts';
import type { NodeRecord } from './node-record.ts';
import { apiErrors } from '../requests/api-errors.ts';

export interface PollParts {
  readonly have: string | undefined;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The node's plan as soon as it is not `have`. One poll per node waits: a later one means that nobody reads the answer to
 * the first any more, or that two agents run, which must not chase each other with answers that invite the next poll.
 */
export async function pollPlan(node: NodeRecord, parts: PollParts): Promise<Plan | 'unchanged'> {
  const { have, waitMs, clock, signal } = parts;
  if (node.home.plan.revision !== have) return node.home.plan;
  if (waitMs <= 0) return 'unchanged';
  dismissPoll(node, apiErrors.laterPoll(node.name));
  const poll = { have, request: createWaitingRequest<Plan | 'unchanged'>(clock, waitMs, signal, () => 'unchanged') };
  node.poll = poll;
  try {
    return await poll.request.answered;
  } finally {
    if (node.poll === poll) node.poll = undefined;
  }
}

/** Answers the poll of a node whose plan is another by now. */
export function answerPoll(node: NodeRecord): void {
  if (node.poll === undefined || node.poll.have === node.home.plan.revision) return;
  node.poll.request.answer(node.home.plan);
  node.poll = undefined;
}

export function dismissPoll(node: NodeRecord, why: ApiError): void {
  node.poll?.request.fail(why);
  node.poll = undefined;
}
