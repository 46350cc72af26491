import { Agent, type ClientRequest, type ClientRequestArgs, request, type RequestOptions } from 'node:http';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  ApiError,
  errorText,
  ImageView,
  MAX_RESOURCE_NAMES,
  messageParser,
  NodeView,
  Overview,
  Preview,
  Problem,
  type ResourcesQuery,
  ResourcesView,
} from '@kube-prefetch/protocol';
import { type Clock, createRetry, DeadlineExceeded, withDeadline } from '@kube-prefetch/time';
import { CliError } from '../print/cli-error.ts';
import { cleanValue } from '../print/clean-text.ts';
import { expectAlive, readAnswer, requestOver } from './read-answer.ts';

const ANSWER_WITHIN_MS = 30_000;
/** Of a look that is followed by others: a leader whose node is gone never answers. */
const LOOK_WITHIN_MS = 10_000;
/** Of one that leads by a Lease: another takes over within 15 seconds, and is looked for a little longer. */
export const TRIES_OF_REPLICAS = 8;
export const TRIES_OF_ONE = 2;
const PAUSE = { baseMs: 500, capMs: 4_000 };
const PASSING = ['NotLeader', 'NotReady', 'ShuttingDown', 'Unreachable'];

/** What the coordinator that leads answers on its admin listener. Throws ApiError with its code, CliError where it is not reached. */
export interface CoordinatorViews {
  overview(signal: AbortSignal): Promise<Overview>;
  resources(asked: ResourcesQuery, signal: AbortSignal): Promise<ResourcesView>;
  /** For those who look again and again: over one connection, and nothing is tried twice. */
  follow(asked: ResourcesQuery): Following;
  node(name: string, signal: AbortSignal): Promise<NodeView>;
  image(image: string, signal: AbortSignal): Promise<ImageView>;
  /** What a Prefetch or ClusterPrefetch as it is written would do. */
  preview(resource: object, signal: AbortSignal): Promise<Preview>;
}

export interface Following {
  look(signal: AbortSignal): Promise<ResourcesView>;
  close(): void;
}

export interface CoordinatorPath {
  /** For messages: `pod kube-prefetch/…`. */
  describe(): string;
  /** How often it is asked while it starts, or another one takes over. */
  readonly tries: number;
  /** A connection to the admin listener of whoever leads now. */
  open(signal: AbortSignal): Promise<Duplex>;
}

/** `say` is told when nobody answers and it is tried again, which takes a while. */
export function createViews(path: CoordinatorPath, clock: Clock, say: (text: string) => void): CoordinatorViews {
  const ask = <T>(method: 'GET' | 'POST', url: string, parse: Parse<T>, signal: AbortSignal, body?: object) =>
    persist({ clock, tries: path.tries, say }, signal, () =>
      withDeadline(clock, ANSWER_WITHIN_MS, signal, `${method} ${url}`, inTime =>
        exchange(path, { method, url, parse, body, signal: inTime }),
      ),
    );
  return {
    overview: signal => ask('GET', '/v1/overview', parseOverview, signal),
    resources: (asked, signal) => ask('GET', resourcesUrl(asked), parseResources, signal),
    node: (name, signal) => ask('GET', `/v1/nodes/${encodeURIComponent(name)}`, parseNode, signal),
    image: (image, signal) => ask('GET', `/v1/images/${encodeURIComponent(image)}`, parseImage, signal),
    preview: (resource, signal) => ask('POST', '/v1/preview', parsePreview, signal, { resource }),
    follow(asked) {
      const url = resourcesUrl(asked);
      const kept = new KeptConnection(path);
      const ask = async (signal: AbortSignal): Promise<ResourcesView> => {
        try {
          return await converse(path, { method: 'GET', url, parse: parseResources, signal }, options =>
            request({ ...options, agent: kept }),
          );
        } catch (error) {
          const reused = kept.reused;
          // Another one may lead.
          kept.destroy();
          signal.throwIfAborted();
          const closed = reused && error instanceof ApiError && error.code === 'Unreachable';
          if (!closed) throw error;
          return ask(signal);
        }
      };
      return {
        look: signal =>
          withDeadline(clock, LOOK_WITHIN_MS, signal, `GET ${url}`, ask).catch((error: unknown) => {
            kept.destroy();
            signal.throwIfAborted();
            if (!(error instanceof DeadlineExceeded)) throw error;
            throw new ApiError('Unreachable', `the coordinator (${path.describe()}) does not answer`, { cause: error });
          }),
        close: () => kept.destroy(),
      };
    },
  };
}

function resourcesUrl({ namespace, name: names = [] }: ResourcesQuery): string {
  const query = new URLSearchParams(namespace === undefined ? {} : { namespace });
  const asked = [...new Set(names)];
  if (asked.length <= MAX_RESOURCE_NAMES) for (const name of asked) query.append('name', name);
  return query.size === 0 ? '/v1/resources' : `/v1/resources?${query.toString()}`;
}

/** One connection for one request after the other. Those through pods are no sockets, and have not all that an Agent sets. */
class KeptConnection extends Agent {
  readonly #path: CoordinatorPath;
  /** It has carried a request before this one, so it may have been closed since. */
  reused = false;

  constructor(path: CoordinatorPath) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#path = path;
  }

  override createConnection(
    { signal = new AbortController().signal }: ClientRequestArgs,
    opened: (error: Error | null, connection: Duplex) => void,
  ): undefined {
    this.reused = false;
    this.#path
      .open(signal)
      .then(expectAlive)
      .then(
        connection => opened(null, connection),
        (error: Error) => opened(error, undefined as never),
      );
  }

  override keepSocketAlive(connection: Duplex): boolean {
    if (connection instanceof Socket) super.keepSocketAlive(connection);
    return true;
  }

  override reuseSocket(connection: Duplex, carried: ClientRequest): void {
    if (connection instanceof Socket) super.reuseSocket(connection, carried);
    this.reused = true;
  }
}

type Parse<T> = (value: unknown) => T;

const parseOverview = messageParser(Overview, 'overview');
const parseResources = messageParser(ResourcesView, 'view of resources');
const parseNode = messageParser(NodeView, 'view of a node');
const parseImage = messageParser(ImageView, 'view of an image');
const parsePreview = messageParser(Preview, 'preview');
const parseProblem = messageParser(Problem, 'problem');

/** Asks again while the coordinator starts, or another one takes over. */
async function persist<T>(
  { clock, tries, say }: { clock: Clock; tries: number; say: (text: string) => void },
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  const retry = createRetry();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      retry.failed();
      const passes = error instanceof ApiError && PASSING.includes(error.code);
      if (!passes || retry.failures === tries) throw error;
      if (retry.failures === 1 && tries > TRIES_OF_ONE)
        say(`${errorText(error)}\nTrying again for about 20 seconds.\n`);
      await clock.sleep(retry.pauseMs(PAUSE), signal);
    }
  }
}

interface Exchange<T> {
  readonly method: string;
  readonly url: string;
  readonly parse: Parse<T>;
  readonly body?: object | undefined;
  readonly signal: AbortSignal;
}

/** Over a connection of its own. */
async function exchange<T>(path: CoordinatorPath, asked: Exchange<T>): Promise<T> {
  const connection = await path.open(asked.signal);
  try {
    return await converse(path, asked, options => requestOver(connection, options));
  } finally {
    connection.destroy();
  }
}

async function converse<T>(
  path: CoordinatorPath,
  { method, url, parse, body, signal }: Exchange<T>,
  send: (options: RequestOptions) => ClientRequest,
): Promise<T> {
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers = {
    host: 'localhost',
    accept: 'application/json',
    ...(content && { 'content-type': 'application/json', 'content-length': content.length }),
  };
  try {
    const { status, text } = await readAnswer(send({ method, path: url, signal, headers }), content, signal);
    return read(status, text, parse, path.describe());
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ApiError || cause instanceof CliError) throw cause;
    throw new ApiError('Unreachable', `the coordinator (${path.describe()}) does not answer: ${errorText(cause)}`, {
      cause,
    });
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
