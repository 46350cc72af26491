import { ApiError, errorText, MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Lists and mappings of a message: a report has up to four for each image. */
const MAX_CONTAINERS = 5 * MAX_IMAGES_PER_NODE;
/** Named values of a message: a report has up to sixteen for each image. */
const MAX_NAMES = 25 * MAX_IMAGES_PER_NODE;
/** Values of a message: a report has up to fifty for each image. */
const MAX_VALUES = 100 * MAX_IMAGES_PER_NODE;

/** Reads JSON bodies. What has more parts than any message of ours is refused unparsed: millions of small parts cost seconds. */
export function readJson(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => {
      if (hasTooManyParts(body)) throw invalid(`at most ${MAX_VALUES} values, ${MAX_NAMES} of them named`, 'more');
      try {
        return JSON.parse(body.toString()) as unknown;
      } catch (cause) {
        throw invalid('valid JSON', body.length === 0 ? 'an empty one' : errorText(cause), cause);
      }
    },
  );
}

function invalid(expected: string, got: string, cause?: unknown): ApiError {
  return new ApiError('InvalidRequest', `expected a body of ${expected}, got ${got}`, { cause });
}

const [QUOTE, BACKSLASH, COMMA, COLON, BRACKET, BRACE] = Buffer.from('"\\,:[{');

function hasTooManyParts(body: Buffer): boolean {
  let [containers, names, values, inText] = [0, 0, 0, false];
  const isTooMany = () => containers > MAX_CONTAINERS || names > MAX_NAMES || values > MAX_VALUES;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) inText = !inText;
    else if (inText) i += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA) values += 1;
    else if (byte === COLON) names += 1;
    else if (byte === BRACKET || byte === BRACE) containers += 1;
    else continue;
    if (isTooMany()) return true;
  }
  return false;
}
