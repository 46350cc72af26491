import {
  type AgentApi,
  ApiError,
  errorText,
  PermitAnswer,
  MAX_WAIT_SECONDS,
  messageParser,
  PlanBody,
  ReportAnswer,
} from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { createLeaderClient } from './send-to-leader.ts';
import { type GivenAddress, parseCoordinatorAddress } from './coordinator-address.ts';
import { type Resolve, resolveBySystem } from './host-addresses.ts';
import type { Answer } from './send-request.ts';

export interface HttpAgentApiOptions extends GivenAddress {
  readonly node: string;
  readonly clock: Clock;
  /** All addresses of the coordinator's host; the system's own lookup where absent. */
  readonly resolve?: Resolve;
}

const parsePlan = messageParser(PlanBody, 'plan');
const parseReportAnswer = messageParser(ReportAnswer, "coordinator's answer to a report");
const parsePermitAnswer = messageParser(PermitAnswer, "coordinator's answer to a permit request");

/** The coordinator over HTTP: the replica that leads. `close` ends the kept connections. */
export function createHttpAgentApi(options: HttpAgentApiOptions): AgentApi & { close(): void } {
  const { node, clock, resolve = resolveBySystem } = options;
  const at = parseCoordinatorAddress(options);
  const { ask, close } = createLeaderClient({ at, clock, resolve });
  const base = `${at.url}/v1/nodes/${encodeURIComponent(node)}`;

  return {
    async plan(have, waitMs, signal) {
      const seconds = Math.min(MAX_WAIT_SECONDS, waitMs / 1000);
      const url = new URL(`${base}/plan?wait=${seconds}`);
      const headers = have === undefined ? undefined : { 'if-none-match': `"${have}"` };
      const answer = await ask({ method: 'GET', url, headers }, waitMs, signal);
      if (answer.status === 304) return 'unchanged';
      const revision = answer.etag?.replace(/^(?:W\/)?"(.*)"$/, '$1');
      if (!revision) throw new ApiError('Unreachable', `${url.href}: a plan came without its revision in an ETag`);
      return { revision, ...parse(answer, parsePlan, url) };
    },
    async report(report, signal) {
      const url = new URL(`${base}/report`);
      return parse(await ask({ method: 'POST', url, body: report }, 0, signal), parseReportAnswer, url);
    },
    async permits(request, signal) {
      const url = new URL(`${base}/leases`);
      return parse(await ask({ method: 'POST', url, body: request }, request.waitMs, signal), parsePermitAnswer, url);
    },
    close,
  };
}

/** What the coordinator says that is wrong is its failure, not that of our request. */
function parse<T>(answer: Answer, parser: (value: unknown) => T, url: URL): T {
  try {
    return parser(JSON.parse(answer.text));
  } catch (error) {
    throw new ApiError('Unreachable', `${url.href}: HTTP ${answer.status}, ${errorText(error)}`, { cause: error });
  }
}
