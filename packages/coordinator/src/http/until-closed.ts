import { ApiError } from '@kube-prefetch/protocol';
import type { FastifyReply } from 'fastify';

/** Aborts when the connection closes, so that a request whose client has gone leaves nothing behind. */
export function untilClosed(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort(new ApiError('InvalidRequest', 'the client closed the connection')));
  return closed.signal;
}
