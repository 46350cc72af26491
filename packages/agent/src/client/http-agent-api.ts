import {
  type AgentApi,
  ApiError,
  CredentialsAnswer,
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
  /** Finds all addresses of the coordinator's host; by default the system's lookup. */
  readonly resolve?: Resolve;
}

const parsePlan = messageParser(PlanBody, 'plan');
const parseReportAnswer = messageParser(ReportAnswer, "coordinator's answer to a report");
const parseCredentialsAnswer = messageParser(CredentialsAnswer, "coordinator's answer to a credentials request");
const parsePermitAnswer = messageParser(PermitAnswer, "coordinator's answer to a permit request");

/** The replica of the coordinator that leads, over HTTP. `close` ends idle connections. */
export function createHttpAgentApi(options: HttpAgentApiOptions): AgentApi & { close(): void } {
  const { node, clock, resolve = resolveBySystem } = options;
  const at = parseCoordinatorAddress(options);
  const { send, close } = createLeaderClient({ at, clock, resolve });
  const base = `${at.url}/v1/nodes/${encodeURIComponent(node)}`;

  return {
    async plan(have, waitMs, signal) {
      const seconds = Math.min(MAX_WAIT_SECONDS, waitMs / 1000);
      const url = new URL(`${base}/plan?wait=${seconds}`);
      const headers = { 'accept-encoding': 'gzip', ...(have !== undefined && { 'if-none-match': `"${have}"` }) };
      const answer = await send({ method: 'GET', url, headers }, waitMs, signal);
      if (answer.status === 304) return 'unchanged';
      const revision = answer.etag?.replace(/^(?:W\/)?"(.*)"$/, '$1');
      if (!revision) throw new ApiError('Unreachable', `${url.href}: a plan came without its revision in an ETag`);
      return { revision, ...parse(answer, parsePlan, url) };
    },
    async report(report, signal) {
      const url = new URL(`${base}/report`);
      return parse(await send({ method: 'POST', url, body: report }, 0, signal), parseReportAnswer, url);
    },
    async permits(request, signal) {
      const url = new URL(`${base}/leases`);
      return parse(await send({ method: 'POST', url, body: request }, request.waitMs, signal), parsePermitAnswer, url);
    },
    async credentials(request, signal) {
      const url = new URL(`${base}/credentials`);
      const answer = await send({ method: 'POST', url, body: request }, 0, signal);
      return parse({ ...answer, text: requireJson(answer, url) }, parseCredentialsAnswer, url);
    },
    close,
  };
}

/** Leaves out the error of JSON.parse, because that repeats a part of the text. */
function requireJson({ status, text }: Answer, url: URL): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new ApiError('Unreachable', `${url.href}: HTTP ${status} with a body that is not JSON`);
  }
}

/** An answer that does not parse is a failure of the coordinator, not of the request. */
function parse<T>(answer: Answer, parser: (value: unknown) => T, url: URL): T {
  try {
    return parser(JSON.parse(answer.text));
  } catch (error) {
    throw new ApiError('Unreachable', `${url.href}: HTTP ${answer.status}, ${errorText(error)}`, { cause: error });
  }
}
