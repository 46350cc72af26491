import { gunzipSync } from 'node:zlib';
import { ApiError, errorText, MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Lists and mappings of a message: a report has up to four for each image. */
const MAX_CONTAINERS = 5 * MAX_IMAGES_PER_NODE;
/** Named values of a message: a report has up to sixteen for each image. */
const MAX_NAMES = 25 * MAX_IMAGES_PER_NODE;
/** Values of a message: a report has up to fifty for each image. */
const MAX_VALUES = 100 * MAX_IMAGES_PER_NODE;
/** Of a gzip header and trailer alone. */
const LEAST_ZIPPED_BYTES = 18;
/** Node's own bound. */
const LEAST_CHUNK_BYTES = 64;

/** Called before a body is unzipped, with the bytes that it becomes longer by. Throws ApiError where that is too much. */
export type AdmitUnzipped = (request: FastifyRequest, bytes: number) => void;

/**
 * Reads JSON bodies, gzipped ones too. What has more parts than any message of ours is refused unparsed: millions of small parts cost
 * seconds.
 */
export function readJson(app: FastifyInstance, admitUnzipped: AdmitUnzipped | undefined): void {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, sent: Buffer) => {
    const body = unzipped(request, sent, admitUnzipped);
    if (hasTooManyParts(body)) throw invalid(`at most ${MAX_VALUES} values, ${MAX_NAMES} of them named`, 'more');
    try {
      return JSON.parse(body.toString()) as unknown;
    } catch (cause) {
      throw invalid('valid JSON', body.length === 0 ? 'an empty one' : errorText(cause), cause);
    }
  });
}

function invalid(expected: string, got: string, cause?: unknown): ApiError {
  return new ApiError('InvalidRequest', `expected a body of ${expected}, got ${got}`, { cause });
}

/** The last four bytes of what is gzipped are its length. It becomes no longer than that, whatever it holds. */
function unzipped(request: FastifyRequest, sent: Buffer, admit: AdmitUnzipped | undefined): Buffer {
  const { 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding === 'identity') return sent;
  if (encoding !== 'gzip') throw invalid('content-encoding gzip or none', JSON.stringify(encoding));
  if (sent.length < LEAST_ZIPPED_BYTES) throw invalid('gzipped JSON', `${sent.length} bytes`);
  const bytes = sent.readUInt32LE(sent.length - 4);
  const { bodyLimit } = request.routeOptions;
  if (bytes > bodyLimit) throw new ApiError('BodyTooLarge', `the unzipped body is larger than ${bodyLimit} bytes`);
  if (bytes > sent.length) admit?.(request, bytes - sent.length);
  try {
    // In one piece.
    return gunzipSync(sent, { maxOutputLength: Math.max(1, bytes), chunkSize: Math.max(LEAST_CHUNK_BYTES, bytes) });
  } catch (cause) {
    throw invalid('gzipped JSON', errorText(cause), cause);
  }
}

const [QUOTE, BACKSLASH, COMMA, COLON, BRACKET, BRACE] = Buffer.from('"\\,:[{');

/** One short step for each byte: a body has up to eight million. */
function hasTooManyParts(body: Buffer): boolean {
  let [containers, names, values] = [0, 0, 0];
  const { length } = body;
  for (let i = 0; i < length; i++) {
    const byte = body[i];
    if (byte === QUOTE) i = endOfText(body, i + 1);
    else if (byte === COMMA && ++values > MAX_VALUES) return true;
    else if (byte === COLON && ++names > MAX_NAMES) return true;
    else if ((byte === BRACKET || byte === BRACE) && ++containers > MAX_CONTAINERS) return true;
  }
  return false;
}

function endOfText(body: Buffer, from: number): number {
  const { length } = body;
  let i = from;
  while (i < length && body[i] !== QUOTE) i += body[i] === BACKSLASH ? 2 : 1;
  return i;
}
