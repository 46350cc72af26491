import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, boundConnections, keepScrape, refusePipelining } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { Health } from './health.ts';

/** Any pod may connect; the kubelet and a scraper need one connection at a time. */
const CONNECTIONS = { perAddress: 8, inAll: 64 };

interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export interface ListenerParts {
  readonly metrics: { exposition(): Promise<Exposition> };
  readonly health: Pick<Health, 'alive' | 'ready'>;
  readonly clock: Clock;
}

/** Serves health, readiness and metrics until the signal aborts. Returns where: `http://127.0.0.1:41234`. */
export async function serveHealthAndMetrics(
  parts: ListenerParts,
  { host, port }: Address,
  signal: AbortSignal,
): Promise<string> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 });
  boundConnections(server, CONNECTIONS);
  refusePipelining(server);
  const scrape = keepScrape(parts.clock, () => parts.metrics.exposition());
  server.on('request', (request, response) => {
    if (request.socket.destroyed) return;
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'only GET\n');
    if (path === '/healthz') return check(response, parts.health.alive(), 'the agent no longer looks at its node\n');
    if (path === '/readyz') return check(response, parts.health.ready(), 'the container runtime does not answer\n');
    if (path === '/metrics') return void sendMetrics(response, scrape);
    send(response, 404, 'this port serves /healthz, /readyz and /metrics\n');
  });
  server.listen(port, host);
  await once(server, 'listening');
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
}

function check(response: ServerResponse, good: boolean, problem: string): void {
  send(response, good ? 200 : 503, good ? 'ok\n' : problem);
}

async function sendMetrics(response: ServerResponse, scrape: () => Promise<Exposition>): Promise<void> {
  try {
    const { contentType, text } = await scrape();
    send(response, 200, text, contentType);
  } catch (error) {
    send(response, 500, `${String(error)}\n`);
  }
}

function send(response: ServerResponse, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType }).end(text);
}
