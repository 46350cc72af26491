import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeptAuthority } from '@kube-prefetch/cluster';
import { serverCertificate } from './certificates-and-tokens.ts';

/** A coordinator of a few lines, which says whatever a test wants. */
export interface ScriptedReplica {
  readonly address: string;
  readonly port: number;
  /** `METHOD path`, as they arrived. */
  readonly requests: string[];
  readonly connections: () => number;
  readonly server: ReturnType<typeof createServer>;
  answer(next: Handler): void;
  readonly close: () => Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ReplicaOptions {
  readonly by: KeptAuthority;
  readonly host?: string;
  readonly port?: number;
  readonly certificate?: { readonly name?: string; readonly over?: boolean };
}

export async function startScriptedReplica(options: ReplicaOptions): Promise<ScriptedReplica> {
  const { by, host = '127.0.0.1', port = 0, certificate } = options;
  let handler: Handler = leads(1);
  const requests: string[] = [];
  const open = new Set<Duplex>();
  const server = createServer({ ...(await serverCertificate(by, certificate)), keepAliveTimeout: 60_000 });
  server.on('connection', socket => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: `${host}:${bound}`,
    port: bound,
    requests,
    connections: () => open.size,
    server,
    answer: next => void (handler = next),
    async close() {
      if (!server.listening) return;
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** To everything but a poll, which waits. */
export function leads(epoch: number): Handler {
  return (request, response) => {
    response.setHeader('kube-prefetch-epoch', epoch);
    if (request.method === 'POST') response.end(JSON.stringify({ epoch, sendFull: false }));
  };
}

export function refuses(status: number, code: string, more: { leader?: string; epoch?: number } = {}): Handler {
  return (_request, response) => {
    if (more.epoch !== undefined) response.setHeader('kube-prefetch-epoch', more.epoch);
    response.writeHead(status).end(JSON.stringify({ code, message: 'as the test wants it', details: [], ...more }));
  };
}

export const follows = (leader?: string) => refuses(421, 'NotLeader', leader === undefined ? {} : { leader });
