import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Reaction, refusal } from './reaction.ts';

export interface Contents {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

const CHUNK_BYTES = 16 * 1024;

export function sendReaction(
  reaction: Reaction,
  contents: Contents | undefined,
  request: IncomingMessage,
  response: ServerResponse,
) {
  switch (reaction.do) {
    case 'ignore':
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'repeat-credentials':
      sendReaction(repeatCredentials(request), contents, request, response);
      return;
    case 'answer':
      response
        .writeHead(reaction.status, reaction.statusText ?? STATUS_CODES[reaction.status], reaction.headers)
        .end(request.method === 'HEAD' ? undefined : reaction.body);
      return;
    default:
      if (contents === undefined) sendMissing(response);
      else if (request.method === 'HEAD') sendContents(contents, request, response);
      else sendBadly(reaction, contents, response);
  }
}

export const CHALLENGE = refusal(401, 'UNAUTHORIZED', 'authentication required', {
  'www-authenticate': 'Basic realm="suite"',
});

function repeatCredentials({ headers }: IncomingMessage): Reaction {
  const { authorization } = headers;
  if (authorization === undefined) return CHALLENGE;
  const decoded = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  return refusal(403, 'DENIED', `no access for ${decoded} (Authorization: ${authorization})`);
}

/** With ranges, which runtimes use to go on after a connection was cut. */
export function sendContents(
  { mediaType, digest, bytes }: Contents,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = bytes.subarray(from);
  const range = from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, {
    'content-type': mediaType,
    'content-length': body.length,
    'docker-content-digest': digest,
    ...range,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

export function sendMissing(response: ServerResponse) {
  const body = JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
  response.writeHead(404, { 'content-type': 'application/json' }).end(body);
}

function sendBadly(
  reaction: Extract<Reaction, { do: 'stall' | 'truncate' | 'trickle' | 'corrupt' }>,
  { mediaType, digest, bytes }: Contents,
  response: ServerResponse,
) {
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digest,
  });
  if (reaction.do === 'corrupt') return void response.end(bytes.map(byte => byte ^ 0xff));
  if (reaction.do === 'trickle') return void trickle(bytes, reaction, response);
  response.write(bytes.subarray(0, reaction.afterBytes), () => {
    if (reaction.do === 'truncate') response.destroy();
  });
}

async function trickle(
  bytes: Buffer,
  { bytesPerSecond, hurry }: Extract<Reaction, { do: 'trickle' }>,
  response: ServerResponse,
) {
  const step = Math.max(1, Math.min(CHUNK_BYTES, Math.floor(bytesPerSecond / 10)));
  let at = 0;
  for (; at < bytes.length && !response.destroyed && !hurry?.aborted; at += step) {
    response.write(bytes.subarray(at, at + step));
    await sleep((step / bytesPerSecond) * 1000, undefined, { signal: hurry }).catch(() => {});
  }
  response.end(bytes.subarray(at));
}
