import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type PageFile, pageFiles } from '@kube-prefetch/dashboard';
import { ApiError, type ResourceRef } from '@kube-prefetch/protocol';
import type { BoardSnapshot } from '@kube-prefetch/protocol/board';
import type { Clock } from '@kube-prefetch/time';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Board } from '../board/board.ts';
import { sendEvents } from '../board/send-events.ts';

export interface PageSide {
  readonly board: Pick<Board, 'snapshot' | 'log' | 'asksOf' | 'isFull'>;
  /** Throws ApiError outside terms. */
  mustLead(): void;
}

/** Nothing from anywhere else, nothing inline, no text that becomes code or markup, and in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const FOREVER = 'public, max-age=31536000, immutable';
/** For what a browser would have to ask about again anyway. */
const NEVER = 'no-store';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The page, what it begins with, and what changes then. Every replica has the page; only the one that leads has contents. */
export function servePage(app: FastifyInstance, c: PageSide, clock: Clock, files = pageFiles): void {
  const byPath = new Map(files.map(file => [file.path, file]));
  const script = files.find(({ type }) => type.startsWith('text/javascript'))?.path ?? '';

  app.get('/', async (request, reply) => {
    const file = byPath.get('/');
    if (file === undefined)
      throw new ApiError('UnknownRoute', 'this coordinator runs from its sources and has no page: npm run build');
    return sendFile(request, reply, file, NEVER);
  });
  app.get('/assets/:name', async (request, reply) => {
    const file = byPath.get(`/assets/${(request.params as { name: string }).name}`);
    if (file === undefined)
      throw new ApiError('UnknownRoute', 'no such file of the page; it may be of another version');
    return sendFile(request, reply, file, FOREVER);
  });
  app.get('/v1/cells', async (request, reply) => {
    c.mustLead();
    const left = new AbortController();
    reply.raw.once('close', () => left.abort());
    const snapshot: BoardSnapshot = { script, ...(await c.board.snapshot(left.signal)) };
    const text = JSON.stringify(snapshot);
    reply.headers({ ...HEADERS, 'cache-control': NEVER, 'content-type': 'application/json; charset=utf-8' });
    if (!takesGzip(request)) return reply.send(text);
    return reply.header('content-encoding', 'gzip').send(await compress(text, { level: 1 }));
  });
  app.get('/v1/asks/*', async request => {
    c.mustLead();
    const asks = c.board.asksOf(refOf((request.params as { '*': string })['*']));
    if (asks === undefined) throw new ApiError('NotReady', 'nobody follows this coordinator: take /v1/cells first');
    return asks;
  });
  app.get('/v1/events', async (request, reply) => {
    c.mustLead();
    if (c.board.isFull())
      throw new ApiError('Overloaded', 'as many pages as may follow this coordinator do already: close some');
    const { after = '' } = request.query as { after?: string };
    const cursor = request.headers['last-event-id'] ?? after;
    reply.hijack();
    reply.raw.writeHead(200, { ...HEADERS, 'cache-control': NEVER, 'content-type': 'text/event-stream' });
    sendEvents(reply.raw, c.board.log(), String(cursor), clock);
  });
}

/** `KIND/NAME` or `KIND/NAMESPACE/NAME`, of anything: what is not there asks for nothing. */
function refOf(path: string): ResourceRef {
  const [kind = '', ...names] = path.split('/');
  const [namespace, name = ''] = names.length > 1 ? names : [undefined, ...names];
  return { kind: kind as ResourceRef['kind'], name, ...(namespace !== undefined && { namespace }) };
}

async function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile, cache: string) {
  const compressed = Buffer.from(file.gzip, 'base64');
  reply.headers({ ...HEADERS, 'cache-control': cache, 'content-type': file.type, vary: 'accept-encoding' });
  if (!takesGzip(request)) return reply.send(await decompress(compressed));
  return reply.header('content-encoding', 'gzip').send(compressed);
}

function takesGzip({ headers }: FastifyRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(headers['accept-encoding'] ?? ''));
}
