import { errorText } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { type KubeApi, KubeApiError, type KubeEvent, type KubeKind, type KubeTokens } from './kube-api.ts';
import { StrangeAnswer, readEvent, readKeys, readObject, readPage, readTokenReview } from './read-answer.ts';
import { readBody, readLines } from './read-body.ts';
import { listPath, NAMES_ONLY, objectPath, reading, SIGNING_KEYS, TOKEN_REVIEW, writing } from './requests.ts';
import { toKubeError } from './to-kube-error.ts';
import { ANSWER_WITHIN_MS, type KubeRequest, type KubeResponse, type KubeTransport } from './transport.ts';

export interface HttpKubeApiOptions {
  readonly send: KubeTransport;
  readonly clock: Clock;
  readonly watchSeconds: number;
  readonly maxAnswerBytes: number;
}

/** The KubeApi over HTTP. */
export function createHttpKubeApi({
  send,
  clock,
  watchSeconds,
  maxAnswerBytes,
}: HttpKubeApiOptions): KubeApi & KubeTokens {
  /** Reads the whole answer within the deadline. */
  async function call<T>(request: KubeRequest, read: (answer: unknown) => T, signal: AbortSignal): Promise<T> {
    const what = `${request.method} ${request.path}`;
    try {
      return await withDeadline(clock, ANSWER_WITHIN_MS, signal, what, async inTime => {
        const response = await send(request, inTime);
        const text = await readBody(response.body, maxAnswerBytes);
        if (response.status >= 300) throw refusal(what, response, text);
        return read(parseAnswer(text));
      });
    } catch (error) {
      throw asKubeApiError(what, error, signal);
    }
  }

  async function* watch(kind: KubeKind, resourceVersion: string, signal: AbortSignal): AsyncGenerator<KubeEvent, void> {
    const path = listPath(kind);
    const query = { watch: 'true', resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: `${watchSeconds}` };
    const what = `GET ${path}?watch=true`;
    let response: KubeResponse | undefined;
    const close = () => response?.close();
    try {
      signal.throwIfAborted();
      response = await withDeadline(clock, ANSWER_WITHIN_MS, signal, what, async inTime => {
        const answer = await send({ ...reading('watch', kind), path, query }, inTime);
        if (answer.status >= 300) throw refusal(what, answer, await readBody(answer.body, maxAnswerBytes));
        return answer;
      });
      signal.throwIfAborted();
      signal.addEventListener('abort', close, { once: true });
      yield { type: 'BOOKMARK', resourceVersion };
      for await (const line of readLines(response.body)) {
        const event = readEvent(kind, what, line);
        if (event !== undefined) yield event;
        signal.throwIfAborted();
      }
      signal.throwIfAborted();
    } catch (error) {
      throw asKubeApiError(what, error, signal);
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }

  return {
    list(kind, { limit, after, namesOnly = false }, signal) {
      const query = { limit: `${limit}`, ...(after !== undefined && { continue: after }) };
      const request = {
        ...reading('list', kind),
        path: listPath(kind),
        query,
        ...(namesOnly && { accept: NAMES_ONLY }),
      };
      return call(request, answer => readPage(kind, answer), signal);
    },
    watch,
    async get(kind, name, signal) {
      const request = { ...reading('get', kind), path: objectPath(kind, name) };
      return call(request, answer => readObject(kind, answer), signal);
    },
    async write(write, signal) {
      return call(writing(write), answer => readObject(write.kind, answer), signal);
    },
    review(token, audiences, signal) {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
      return call({ ...TOKEN_REVIEW, body }, answer => readTokenReview(answer, audiences), signal);
    },
    signingKeys: signal => call(SIGNING_KEYS, readKeys, signal),
  };
}

function refusal(what: string, { status, retryAfter }: KubeResponse, text: string): KubeApiError {
  return toKubeError(what, status, parsed(text), retryAfter);
}

/** What JSON.parse says of a text repeats some of it, and an answer may hold a Secret. */
function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StrangeAnswer('an answer that is no JSON');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** When the caller aborted, its own reason is thrown. */
function asKubeApiError(what: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeApiError) return error;
  const strange = error instanceof StrangeAnswer || error instanceof SyntaxError;
  return new KubeApiError(strange ? 'ServerError' : 'Unreachable', `${what}: ${errorText(error)}`, { cause: error });
}
