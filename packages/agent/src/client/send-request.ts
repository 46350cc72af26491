import { type Agent, type IncomingMessage, request } from 'node:http';
import { MAX_BODY_BYTES } from '@kube-prefetch/protocol';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

/** One exchange. A kept connection that the other side closed just now is no answer to this request: it is sent again. */
export async function sendRequest(call: Call, agent: Agent, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    const sent = open(call, agent, signal);
    try {
      return await readAnswer(await sent.response);
    } catch (error) {
      if (signal.aborted || !sent.request.reusedSocket || !isReset(error)) throw error;
    }
  }
}

function open({ method, url, headers, body }: Call, agent: Agent, signal: AbortSignal) {
  const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const length = text && { 'content-type': 'application/json', 'content-length': text.length };
  const sent = request(url, { method, agent, signal, headers: { accept: 'application/json', ...headers, ...length } });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
  sent.end(text);
  return { request: sent, response };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      response.destroy();
      throw new Error(`the answer is longer than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    etag: response.headers.etag,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
