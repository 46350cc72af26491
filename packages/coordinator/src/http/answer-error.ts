import { ApiError, ERROR_STATUS, type Problem } from '@kube-prefetch/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MAX_URL_LENGTH, type RequestLog } from './limit-log-lines.ts';

/** Where every error of every listener ends: as a Problem, and in the log if it is ours. */
export function answerError(
  write: RequestLog,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toApiError(error, request.routeOptions.bodyLimit);
  // Nobody reads the answer of a client that has gone, and its going is no fault of ours.
  if (known.code === 'Internal' && !reply.raw.destroyed) {
    const { method, url, routeOptions, ip: from } = request;
    write('error', routeOptions.url ?? 'unknown', { err: error, from, method, url }, 'request failed');
  }
  const problem: Problem = {
    code: known.code,
    message: known.message,
    details: [...known.details],
    leader: known.leader,
    leaderPod: known.leaderPod,
  };
  return reply.code(ERROR_STATUS[known.code]).send(problem);
}

export function unknownRoute(request: FastifyRequest): never {
  throw new ApiError(
    'UnknownRoute',
    `no route ${request.method} ${request.url.slice(0, MAX_URL_LENGTH)} on this listener`,
  );
}

/** Fastify's own errors carry a status. Below 500 the request was wrong. */
function toApiError(error: unknown, maxBytes: number | undefined): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode = 500, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) {
    return new ApiError('BodyTooLarge', `the body is larger than ${maxBytes} bytes`, { cause: error });
  }
  if (statusCode === 415) {
    return new ApiError('InvalidRequest', 'expected a JSON body, sent as content-type: application/json', {
      cause: error,
    });
  }
  if (statusCode < 500) return new ApiError('InvalidRequest', message ?? 'unreadable request', { cause: error });
  return new ApiError('Internal', 'the coordinator failed to answer; its log says why', { cause: error });
}
