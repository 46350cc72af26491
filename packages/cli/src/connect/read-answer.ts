import { type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { once } from 'node:events';

/** A view of 10,000 nodes takes 6 MiB. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** Throws for a connection that has failed or ended already: Node would wait for ever on it, also after the signal of a request. */
export function expectAlive(connection: Duplex): Duplex {
  if (connection.errored !== null) throw connection.errored;
  if (connection.destroyed) throw new Error('the connection has been closed');
  return connection;
}

/** A request over a connection that is there. */
export function requestOver(connection: Duplex, options: RequestOptions): ClientRequest {
  expectAlive(connection);
  return request({ ...options, createConnection: () => connection });
}

/** Sends the body and reads the whole answer. Throws where it breaks off before its end. */
export async function readAnswer(
  request: ClientRequest,
  body: Buffer | undefined,
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> {
  // `once` and the reading tell of errors; one that comes after both must not end the program.
  request.on('error', () => {});
  request.end(body);
  const [answer] = (await once(request, 'response', { signal })) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      request.destroy();
      throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
