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
  throw new ApiError(
    'Forbidden',
    `expected a request for this machine, such as localhost or 127.0.0.1, got host ${shown(host)}`,
  );
}

/**
 * A page of another site, or of another port of this machine, may send requests here although it cannot read the answers, and so
 * take the place of those who may. Browsers say who asks; whoever is no browser says nothing. A link may lead to the page itself.
 */
export async function requireOwnPage({ headers, url }: FastifyRequest): Promise<void> {
  const { host, origin, 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers;
  const isLink = mode === 'navigate' && url === '/';
  if ((origin === undefined || origin === `http://${host}`) && (isLink || site === 'none' || site === 'same-origin'))
    return;
  throw new ApiError(
    'Forbidden',
    `expected a request of the page that this listener serves, got one of ${shown(origin ?? site)}`,
  );
}

function shown(header: unknown): string {
  return JSON.stringify(String(header).slice(0, 100));
}
