import type { IncomingMessage } from 'node:http';
import { addAbortSignal, type Readable } from 'node:stream';
import type { RegistryAuth } from '../image-runtime.ts';

/** The few requests that we send to a Docker Engine API, on its socket only. */
export interface DockerEngine {
  /** The answer's JSON. Throws EngineError, AnswerTooLong, or what the socket says. */
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown>;
  /** The body of a 200 as it comes. Its end is not a success: what went wrong later is inside. */
  stream(request: StreamRequest, signal: AbortSignal): Promise<Readable>;
}

type Query = Readonly<Record<string, string>>;

interface StreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Query;
  readonly auth?: RegistryAuth | undefined;
}

/** Any answer but 200. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** An answer that is longer than anybody reads. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
  /** How it begins. */
  readonly head: string;

  constructor(head: string) {
    super(`expected an answer of at most ${MAX_ANSWER_BYTES} bytes, got more`);
    this.head = head;
  }
}

/** An image's configuration is part of an answer, and registries decide how long it is: dockerd pulls one of 60 MiB. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const HEAD_LENGTH = 64 * 1024;
/** Of a refusal that is longer only this much is read: registries decide what it says, too. */
const MAX_REFUSAL_BYTES = 512 * 1024;

/** What docker-modem takes; its own types say `any`. */
interface Dial {
  readonly method: string;
  readonly path: string;
  readonly options: Query;
  readonly authconfig?: object;
  readonly isStream: true;
  readonly abortSignal: AbortSignal;
  readonly statusCodes: Readonly<Record<number, true>>;
}
type Modem = { dial(request: Dial, done: (error: Error | null, answer: IncomingMessage) => void): void };

/** docker-modem reads whole bodies of answers that it does not expect, so it expects all, and we read them. */
const EVERY_STATUS = new Proxy({}, { get: () => true });

export function connectEngine(socketPath: string): DockerEngine {
  let modem: Promise<Modem> | undefined;

  async function dial(request: Omit<Dial, 'statusCodes' | 'isStream'>): Promise<IncomingMessage> {
    modem ??= loadModem(socketPath);
    const loaded = await modem;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      loaded.dial({ ...request, isStream: true, statusCodes: EVERY_STATUS }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
    if (answer.statusCode === 200) return answer;
    const { text } = await readText(answer, MAX_REFUSAL_BYTES, request.abortSignal);
    throw new EngineError(answer.statusCode ?? 0, messageIn(text) ?? `HTTP ${answer.statusCode}`);
  }

  return {
    async get(path, query, abortSignal) {
      const answer = await dial({ method: 'GET', path: `${path}?`, options: query, abortSignal });
      const { text, isWhole } = await readText(answer, MAX_ANSWER_BYTES, abortSignal);
      if (!isWhole) throw new AnswerTooLong(text.slice(0, HEAD_LENGTH));
      return JSON.parse(text) as unknown;
    },
    stream: ({ method, path, query, auth }, abortSignal) =>
      dial({
        method,
        path: `${path}?`,
        options: query,
        abortSignal,
        // Only this form: neither dockerd nor podman reads {auth}, and both ignore the server's address.
        ...(auth && { authconfig: toAuthConfig(auth) }),
      }),
  };
}

async function readText(answer: Readable, mostBytes: number, signal: AbortSignal) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of addAbortSignal(signal, answer)) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    // Leaving the loop closes the connection.
    if (bytes > mostBytes) break;
  }
  return { text: Buffer.concat(chunks).toString(), isWhole: bytes <= mostBytes };
}

/** What a refusal says; undefined where it says nothing. */
function messageIn(text: string): string | undefined {
  const plain = text.trim();
  try {
    const { message, error } = JSON.parse(plain) as { message?: unknown; error?: unknown };
    const said = message ?? error;
    if (typeof said === 'string' && said !== '') return said.trim();
  } catch {
    // It is shown as it came.
  }
  return plain === '' ? undefined : plain;
}

function toAuthConfig({ username, password, identityToken }: RegistryAuth): object {
  return identityToken === undefined ? { username, password } : { identitytoken: identityToken };
}

/** Loaded only when needed, because dockerode costs 26 MB and most nodes speak CRI. `host: undefined` keeps it from reading $DOCKER_HOST. */
async function loadModem(socketPath: string): Promise<Modem> {
  const { default: Docker } = await import('dockerode');
  return new Docker({ socketPath, host: undefined, protocol: 'http' }).modem as Modem;
}
