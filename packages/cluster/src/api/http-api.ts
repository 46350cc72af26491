import { errorText } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import {
  type KubeApi,
  KubeApiError,
  type KubeDiscovery,
  type KubeEvent,
  type KubeKind,
  type KubeTokens,
  type ServedKinds,
} from './kube-api.ts';
import {
  StrangeAnswer,
  readDiscovery,
  readEvent,
  readKeys,
  readObject,
  readPage,
  readTokenReview,
} from './read-answer.ts';
import { readBody, readLines } from './read-body.ts';
import {
  DISCOVERY,
  listPath,
  NAMES_OF_EVENTS,
  NAMES_ONLY,
  objectPath,
  reading,
  SIGNING_KEYS,
  TOKEN_REVIEW,
  writing,
} from './requests.ts';
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
}: HttpKubeApiOptions): KubeApi & KubeTokens & KubeDiscovery {
  /** Reads the whole answer within the deadline, whatever its code. */
  async function ask<T>(
    request: KubeRequest,
    read: (response: KubeResponse, text: string, what: string) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const what = `${request.method} ${request.path}`;
    try {
      return await withDeadline(clock, ANSWER_WITHIN_MS, signal, what, async inTime => {
        const response = await send(request, inTime);
        return read(response, await readBody(response.body, maxAnswerBytes), what);
      });
    } catch (error) {
      throw asKubeApiError(what, error, signal);
    }
  }

  const call = <T>(request: KubeRequest, read: (answer: unknown) => T, signal: AbortSignal): Promise<T> =>
    ask(
      request,
      (response, text, what) => {
        if (response.status >= 300) throw refusal(what, response, text);
        return read(parseAnswer(text));
      },
      signal,
    );

  async function* watch(kind: KubeKind, resourceVersion: string, signal: AbortSignal): AsyncGenerator<KubeEvent, void> {
    const path = listPath(kind);
    const query = { watch: 'true', resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: `${watchSeconds}` };
    const what = `GET ${path}?watch=true`;
    let response: KubeResponse | undefined;
    const close = () => response?.close();
    try {
      signal.throwIfAborted();
      response = await withDeadline(clock, ANSWER_WITHIN_MS, signal, what, async inTime => {
        const accept = kind.metadataOnly === true ? { accept: NAMES_OF_EVENTS } : {};
        const answer = await send({ ...reading('watch', kind), path, query, ...accept }, inTime);
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

  let discovered:
    | { readonly etag: string; readonly groups: readonly string[]; readonly served: ServedKinds }
    | undefined;

  /** The server sends no answer again that has not changed since the last one. */
  const served = (groups: readonly string[], signal: AbortSignal): Promise<ServedKinds> => {
    const same = discovered?.groups.join() === groups.join() ? discovered : undefined;
    const read = ({ status, retryAfter, etag }: KubeResponse, text: string, what: string) => {
      if (status === 304 && same !== undefined) return same.served;
      if (status >= 300) throw refusal(what, { status, retryAfter }, text);
      const found = readDiscovery(groups, parseAnswer(text));
      discovered = etag === undefined ? undefined : { etag, groups, served: found };
      return found;
    };
    return ask({ ...DISCOVERY, known: same?.etag }, read, signal);
  };

  return {
    served,
    list(kind, { limit, after, namesOnly = false }, signal) {
      const query = { limit: `${limit}`, ...(after !== undefined && { continue: after }) };
      const request = {
        ...reading('list', kind),
        path: listPath(kind),
        query,
        ...((namesOnly || kind.metadataOnly === true) && { accept: NAMES_ONLY }),
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

function refusal(
  what: string,
  { status, retryAfter }: Pick<KubeResponse, 'status' | 'retryAfter'>,
  text: string,
): KubeApiError {
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
