import type { CredentialsAnswer, CredentialsRequest } from './credentials.ts';
import type { PermitAnswer, PermitRequest } from './permit.ts';
import type { Plan } from './plan.ts';
import type { NodeReport, ReportAnswer } from './report.ts';

/**
 * The coordinator as one authenticated node sees it: no method takes a node's name, so node A cannot even name node B.
 * The agent's HTTP client and `coordinator.forNode(node)` are both this type. Every method throws ApiError.
 */
export interface AgentApi {
  /** The node's plan as soon as it differs from revision `have`; 'unchanged' when `waitMs` passes first. */
  plan(have: string | undefined, waitMs: number, signal: AbortSignal): Promise<Plan | 'unchanged'>;
  /** Tells what the node holds. The answer may demand a full report instead of this delta. */
  report(report: NodeReport, signal: AbortSignal): Promise<ReportAnswer>;
  /** Asks for, renews and frees pull permits; waits up to the request's `waitMs` for a grant. */
  permits(request: PermitRequest, signal: AbortSignal): Promise<PermitAnswer>;
  /** The credentials for images that are about to be pulled. Whoever asks keeps them for that pull only. */
  credentials(request: CredentialsRequest, signal: AbortSignal): Promise<CredentialsAnswer>;
}

/** On every answer of a coordinator that leads: the number of its term. An agent believes no lower one than it has seen. */
export const EPOCH_HEADER = 'kube-prefetch-epoch';
