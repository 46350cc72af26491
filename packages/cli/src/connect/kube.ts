import * as http from 'node:http';
import * as https from 'node:https';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { WebSocket } from 'ws';
import { CliError } from '../print/cli-error.ts';
import type { KubeAccess } from './kubeconfig.ts';
import { readAnswer } from './read-answer.ts';

const ANSWER_WITHIN_MS = 30_000;

export interface KubeCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly contentType?: string;
}

/** The API server, with the rights of the person. */
export interface Kube {
  readonly namespace: string;
  /** Throws KubeRefusal where the server says no, ApiError Unreachable where it does not answer, or answers that it cannot now. */
  call<T = KubeAnswer>(call: KubeCall, signal: AbortSignal): Promise<T>;
  /** Not open yet. */
  webSocket(path: string, protocol: string): Promise<WebSocket>;
}

/** As far as it is read here; every field is checked where it is used. */
export interface KubeAnswer {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly items?: readonly KubeAnswer[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** The server's own words for why it did not do it. */
export class KubeRefusal extends Error {
  override readonly name = 'KubeRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function createKube(access: KubeAccess, clock: Clock): Kube {
  const prefix = access.server.pathname.replace(/\/+$/, '');
  return {
    namespace: access.namespace,
    async call<T>(call: KubeCall, signal: AbortSignal): Promise<T> {
      const { status, text } = await withDeadline(clock, ANSWER_WITHIN_MS, signal, describe(call), inTime =>
        send(access, prefix, call, inTime),
      ).catch((cause: unknown) => {
        signal.throwIfAborted();
        if (cause instanceof CliError) throw cause;
        const message = `the API server ${access.server.host} cannot be asked: ${errorText(cause)}`;
        throw new ApiError('Unreachable', message, { cause });
      });
      // It may answer later, when it is less busy or another one of its replicas is asked.
      if (status === 429 || status >= 500)
        throw new ApiError(
          'Unreachable',
          `the API server ${access.server.host} answers ${status}: ${refusalIn(text) ?? text.trim().slice(0, 500)}`,
        );
      if (status >= 300) throw new KubeRefusal(status, refusalIn(text) ?? `${describe(call)}: status ${status}`);
      return JSON.parse(text) as T;
    },
    async webSocket(path, protocol) {
      const { agent, ca, cert, key, rejectUnauthorized, servername, headers, auth } = await access.authenticate();
      const url = new URL(access.server);
      url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
      return new WebSocket(`${url.origin}${prefix}${path}`, [protocol], {
        agent: agent as http.Agent,
        ...given({ ca, cert, key, rejectUnauthorized, servername, auth }),
        headers: headers as http.OutgoingHttpHeaders,
        perMessageDeflate: false,
        handshakeTimeout: ANSWER_WITHIN_MS,
        // The kubelet sends what it read at once: 32 KiB.
        maxPayload: 16 * 2 ** 20,
      });
    },
  };
}

function describe({ method, path }: KubeCall): string {
  return `${method} ${path}`;
}

async function send(
  { server, authenticate }: KubeAccess,
  prefix: string,
  { method, path, query, body, contentType = 'application/json' }: KubeCall,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const options = await authenticate();
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { request } = server.protocol === 'http:' ? http : https;
  const sent = request(`${server.origin}${prefix}${path}${search}`, {
    ...options,
    method,
    signal,
    headers: {
      accept: 'application/json',
      'user-agent': 'kubectl-prefetch',
      ...(options.headers as http.OutgoingHttpHeaders),
      ...(content && { 'content-type': contentType, 'content-length': content.length }),
    },
  });
  return readAnswer(sent, content);
}

/** Of a Status object. */
export function refusalIn(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
