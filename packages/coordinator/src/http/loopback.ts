import { isLoopback } from '@kube-prefetch/process';
import { ApiError } from '@kube-prefetch/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * For listeners without authentication. A web page can give its own name a loopback address and so reach them from the browser of
 * whoever opens it; the browser then sends that name.
 */
export async function requireLoopbackHost({ headers }: FastifyRequest): Promise<void> {
  const { host = '' } = headers;
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  if (isLoopback(bracketed ?? plain)) return;
  const shown = JSON.stringify(host.slice(0, 100));
  throw new ApiError(
    'Forbidden',
    `expected a request for this machine, such as localhost or 127.0.0.1, got host ${shown}`,
  );
}
