import { gzipSync } from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { SERVICE } from '../names.ts';

/** As in the agent: a poll for the plan, one for permits, and a report. */
const MAX_SOCKETS = 4;
/** What is longer is sent zipped, as by the agent. */
const ZIP_FROM_BYTES = 4_096;
/** As in the agent: in addition to the time that the coordinator may wait before it answers. */
const ANSWER_WITHIN_MS = 10_000;

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Traffic {
  handshakes: number;
  resumed: number;
  requests: number;
  failures: number;
}

export interface ConnectionParts {
  readonly port: number;
  /** Each agent has its own, as each node has: the coordinator counts connections and handshakes by address. */
  readonly localAddress: string;
  /** Shared: what checks the certificate is the same for all. */
  readonly secureContext: SecureContext;
  readonly token: string;
  readonly traffic: Traffic;
}

export type Send = (call: {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly have?: string;
  /** How long the coordinator may wait before it answers. */
  readonly waitMs?: number;
}) => Promise<Received>;

/** The requests of one agent, over connections that are kept as the agent's own client keeps them. */
export function connect({ port, localAddress, secureContext, token, traffic }: ConnectionParts): Send {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    localAddress,
    secureContext,
    servername: SERVICE,
  });
  const common = { host: '127.0.0.1', port, agent };
  const authorization = `Bearer ${token}`;

  const send: Send = call =>
    new Promise((resolve, reject) => {
      const { method, path, body: text, have, waitMs = 0 } = call;
      const zips = text !== undefined && text.length > ZIP_FROM_BYTES;
      const body = zips ? gzipSync(text, { level: 1 }) : text;
      traffic.requests += 1;
      const sent = request({
        ...common,
        method,
        path,
        timeout: waitMs + ANSWER_WITHIN_MS,
        headers: {
          host: `${SERVICE}:${port}`,
          accept: 'application/json',
          authorization,
          ...(method === 'GET' && { 'accept-encoding': 'gzip' }),
          ...(have !== undefined && { 'if-none-match': `"${have}"` }),
          ...(zips && { 'content-encoding': 'gzip' }),
          ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      });
      sent.once('socket', (socket: Socket) => {
        if (sent.reusedSocket) return;
        socket.once('secureConnect', () => {
          traffic.handshakes += 1;
          if ((socket as TLSSocket).isSessionReused()) traffic.resumed += 1;
        });
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.once('response', response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      sent.once('error', (error: NodeJS.ErrnoException) => {
        // As the agent does: the coordinator had closed the idle connection before.
        if (sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) return resolve(send(call));
        traffic.failures += 1;
        reject(error);
      });
      sent.end(body);
    });
  return send;
}
