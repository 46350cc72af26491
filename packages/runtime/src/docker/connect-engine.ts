import type { Readable } from 'node:stream';
import type { RegistryAuth } from '../image-runtime.ts';

/** The few requests that we send to a Docker Engine API, on its socket only. */
export interface DockerEngine {
  /** The answer's JSON. Throws EngineError, or what the socket says. */
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

/** What docker-modem takes; its own types say `any`. */
interface Dial {
  readonly method: string;
  readonly path: string;
  readonly options: Query;
  readonly authconfig?: object;
  readonly isStream?: boolean;
  readonly abortSignal: AbortSignal;
  readonly statusCodes: Readonly<Record<number, true>>;
}
type Modem = {
  dial(request: Dial, done: (error: (Error & { statusCode?: number }) | null, body: unknown) => void): void;
};

export function connectEngine(socketPath: string): DockerEngine {
  let modem: Promise<Modem> | undefined;

  async function dial(request: Omit<Dial, 'statusCodes'>): Promise<unknown> {
    modem ??= loadModem(socketPath);
    const loaded = await modem;
    return new Promise((resolve, reject) => {
      loaded.dial({ ...request, statusCodes: { 200: true } }, (error, body) => {
        if (error === null) resolve(body);
        else reject(error.statusCode === undefined ? error : new EngineError(error.statusCode, textOf(error)));
      });
    });
  }

  return {
    get: (path, query, abortSignal) => dial({ method: 'GET', path: `${path}?`, options: query, abortSignal }),
    stream: ({ method, path, query, auth }, abortSignal) =>
      dial({
        method,
        path: `${path}?`,
        options: query,
        isStream: true,
        abortSignal,
        // Only this form: neither dockerd nor podman reads {auth}, and both ignore the server's address.
        ...(auth && { authconfig: toAuthConfig(auth) }),
      }) as Promise<Readable>,
  };
}

function toAuthConfig({ username, password, identityToken }: RegistryAuth): object {
  return identityToken === undefined ? { username, password } : { identitytoken: identityToken };
}

/** Loaded only when needed, because dockerode costs 26 MB and most nodes speak CRI. `host: undefined` keeps it from reading $DOCKER_HOST. */
async function loadModem(socketPath: string): Promise<Modem> {
  const { default: Docker } = await import('dockerode');
  return new Docker({ socketPath, host: undefined, protocol: 'http' }).modem as Modem;
}

/** docker-modem puts `(HTTP code 500) unexpected - ` before what the engine said. */
function textOf(error: Error): string {
  return error.message.replace(/^\(HTTP code \d+\) unexpected - /, '').trim();
}
