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
 * Answers with the node's plan as soon as its revision is not `have`. One poll of a node waits. A later one fails the first:
 * nobody reads that answer any more, or two agents run, and answering would make each of them poll again at once.
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

/** Answers the node's poll where its plan has changed. */
export function answerPoll(node: NodeRecord): void {
  if (node.poll === undefined || node.poll.have === node.home.plan.revision) return;
  node.poll.request.answer(node.home.plan);
  node.poll = undefined;
}

/** Ends the node's poll as if nothing had changed: its agent then reports, and learns what the answer has for it. */
export function endPoll(node: NodeRecord): void {
  node.poll?.request.answer('unchanged');
  node.poll = undefined;
}

export function dismissPoll(node: NodeRecord, why: ApiError): void {
  node.poll?.request.fail(why);
  node.poll = undefined;
}
