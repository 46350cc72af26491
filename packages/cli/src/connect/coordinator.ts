import type { Duplex } from 'node:stream';
import { connect } from 'node:net';
import {
  ApiError,
  errorText,
  ImageView,
  messageParser,
  NodeView,
  Overview,
  Preview,
  Problem,
} from '@kube-prefetch/protocol';
import { type Clock, createRetry, withDeadline } from '@kube-prefetch/time';
import { CliError } from '../print/cli-error.ts';
import { cleanValue } from '../print/clean-text.ts';
import { readAnswer, requestOver } from './read-answer.ts';

const ANSWER_WITHIN_MS = 30_000;
/** Of one that leads by a Lease: another takes over within 15 seconds, and is looked for a little longer. */
export const TRIES_OF_REPLICAS = 8;
const TRIES_OF_ONE = 2;
const PAUSE = { baseMs: 500, capMs: 4_000 };
const PASSING = ['NotLeader', 'NotReady', 'ShuttingDown', 'Unreachable'];

/** What the coordinator that leads answers on its admin listener. Throws ApiError with its code, CliError where it is not reached. */
export interface CoordinatorViews {
  overview(signal: AbortSignal): Promise<Overview>;
  node(name: string, signal: AbortSignal): Promise<NodeView>;
  image(image: string, signal: AbortSignal): Promise<ImageView>;
  /** What a Prefetch or ClusterPrefetch as it is written would do. */
  preview(resource: object, signal: AbortSignal): Promise<Preview>;
}

export interface CoordinatorPath {
  /** For messages: `pod kube-prefetch/…`. */
  describe(): string;
  /** How often it is asked while it starts, or another one takes over. */
  readonly tries: number;
  /** A connection to the admin listener of whoever leads now. */
  open(signal: AbortSignal): Promise<Duplex>;
}

export function createViews(path: CoordinatorPath, clock: Clock): CoordinatorViews {
  const ask = <T>(
    method: 'GET' | 'POST',
    url: string,
    parse: (value: unknown) => T,
    signal: AbortSignal,
    body?: object,
  ) =>
    persist(clock, path.tries, signal, () =>
      withDeadline(clock, ANSWER_WITHIN_MS, signal, `${method} ${url}`, inTime =>
        exchange(path, method, url, parse, inTime, body),
      ),
    );
  return {
    overview: signal => ask('GET', '/v1/overview', parseOverview, signal),
    node: (name, signal) => ask('GET', `/v1/nodes/${encodeURIComponent(name)}`, parseNode, signal),
    image: (image, signal) => ask('GET', `/v1/images/${encodeURIComponent(image)}`, parseImage, signal),
    preview: (resource, signal) => ask('POST', '/v1/preview', parsePreview, signal, { resource }),
  };
}

const parseOverview = messageParser(Overview, 'overview');
const parseNode = messageParser(NodeView, 'view of a node');
const parseImage = messageParser(ImageView, 'view of an image');
const parsePreview = messageParser(Preview, 'preview');
const parseProblem = messageParser(Problem, 'problem');

/** Asks again while the coordinator starts, or another one takes over. */
async function persist<T>(clock: Clock, tries: number, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const retry = createRetry();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      retry.failed();
      const passes = error instanceof ApiError && PASSING.includes(error.code);
      if (!passes || retry.failures === tries) throw error;
      await clock.sleep(retry.pauseMs(PAUSE), signal);
    }
  }
}

async function exchange<T>(
  path: CoordinatorPath,
  method: string,
  url: string,
  parse: (value: unknown) => T,
  signal: AbortSignal,
  body?: object,
): Promise<T> {
  const connection = await path.open(signal);
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  try {
    const sent = requestOver(connection, {
      method,
      path: url,
      signal,
      headers: {
        host: 'localhost',
        accept: 'application/json',
        // One request a connection: ending ours early would cut the answer.
        connection: 'close',
        ...(content && { 'content-type': 'application/json', 'content-length': content.length }),
      },
    });
    const { status, text } = await readAnswer(sent, content);
    return read(status, text, parse, path.describe());
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ApiError || cause instanceof CliError) throw cause;
    throw new ApiError('Unreachable', `the coordinator (${path.describe()}) does not answer: ${errorText(cause)}`, {
      cause,
    });
  } finally {
    connection.destroy();
  }
}

function read<T>(status: number, text: string, parse: (value: unknown) => T, who: string): T {
  let answer: unknown;
  try {
    answer = JSON.parse(text, cleanValue);
  } catch (cause) {
    throw new CliError(`what answers (${who}) is no coordinator: status ${status} without JSON`, { cause });
  }
  if (status >= 300) {
    const { code, message, details } = understand(parseProblem, answer, who);
    throw new ApiError(code, message, { details });
  }
  return understand(parse, answer, who);
}

function understand<T>(parse: (value: unknown) => T, answer: unknown, who: string): T {
  try {
    return parse(answer);
  } catch (cause) {
    throw new CliError(`the coordinator's answer (${who}) is not understood: ${errorText(cause)}`, {
      hints: ['Use the kubectl-prefetch of the same version as the coordinator.'],
      cause,
    });
  }
}

/** A coordinator of this machine. */
export function directPath(server: URL): CoordinatorPath {
  return {
    describe: () => server.host,
    tries: TRIES_OF_ONE,
    open: async () => connect({ host: server.hostname.replace(/^\[|\]$/g, ''), port: Number(server.port || 80) }),
  };
}
