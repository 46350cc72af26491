import { Agent } from 'node:http';
import {
  type AgentApi,
  ApiError,
  LeaseAnswer,
  MAX_WAIT_SECONDS,
  messageParser,
  PlanBody,
  Problem,
  ReportAnswer,
} from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { type Answer, type Call, sendRequest } from './send-request.ts';

/** Beyond what the coordinator may wait before it answers. */
const ANSWER_WITHIN_MS = 10_000;
/** A poll for the plan, one for leases, and a report. */
const MAX_SOCKETS = 4;

export interface HttpAgentApiOptions {
  /** `http://HOST:PORT`. */
  readonly coordinator: string;
  readonly node: string;
  readonly clock: Clock;
}

const parsePlan = messageParser(PlanBody, 'plan');
const parseReportAnswer = messageParser(ReportAnswer, "coordinator's answer to a report");
const parseLeaseAnswer = messageParser(LeaseAnswer, "coordinator's answer to a lease request");
const parseProblem = messageParser(Problem, 'problem');

/** The coordinator over HTTP. `close` ends the kept connections. */
export function createHttpAgentApi({ coordinator, node, clock }: HttpAgentApiOptions): AgentApi & { close(): void } {
  const connections = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const base = `${coordinator.replace(/\/+$/, '')}/v1/nodes/${encodeURIComponent(node)}`;

  const ask = async (call: Call, waitMs: number, signal: AbortSignal): Promise<Answer> => {
    const what = `${call.method} ${call.url.href}`;
    try {
      const answer = await withDeadline(clock, waitMs + ANSWER_WITHIN_MS, signal, what, inTime =>
        sendRequest(call, connections, inTime),
      );
      if (answer.status >= 400) throw problemOf(answer, what);
      return answer;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError('Unreachable', `${what}: ${reasonOf(error)}`, { cause: error });
    }
  };

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
    async leases(request, signal) {
      const url = new URL(`${base}/leases`);
      return parse(await ask({ method: 'POST', url, body: request }, request.waitMs, signal), parseLeaseAnswer, url);
    },
    close: () => connections.destroy(),
  };
}

/** What the coordinator says that is wrong is its failure, not that of our request. */
function parse<T>(answer: Answer, parser: (value: unknown) => T, url: URL): T {
  try {
    return parser(JSON.parse(answer.text));
  } catch (error) {
    throw new ApiError('Unreachable', `${url.href}: HTTP ${answer.status}, ${reasonOf(error)}`, { cause: error });
  }
}

function problemOf(answer: Answer, what: string): ApiError {
  try {
    const { code, message, details } = parseProblem(JSON.parse(answer.text));
    return new ApiError(code, message, { details });
  } catch (error) {
    const text = answer.text.slice(0, 200);
    return new ApiError('Unreachable', `${what}: HTTP ${answer.status} that is not the coordinator's: ${text}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
    : String(error);
}
