import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestOverHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestOverHttps } from 'node:https';
import type { Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { EPOCH_HEADER, errorText, MAX_BODY_BYTES } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { joinAddress, splitAddress } from './host-addresses.ts';

/** A busy host accepts the connection at once and answers later. */
const CONNECT_WITHIN_MS = 3_000;
/** A host that is gone says nothing. After this time the kernel probes it every second, and gives up after ten. */
const PROBE_AFTER_MS = 5_000;
/** A reset within this time means that the other side had closed the idle connection before. */
const STALE_WITHIN_MS = 1_000;

/** What is longer is sent zipped: a full report is four times as long as that. */
const ZIP_FROM_BYTES = 4_096;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Where a call goes, and which certificate the other side must show. */
export interface Target {
  readonly address: string;
  /**
   * Undefined: plain HTTP. The certificate has to be for `servername`, or for the address where that is empty. Node checks it: with
   * a check of our own, Node would use each connection only once.
   */
  readonly tls: { readonly ca: string; readonly servername: string } | undefined;
}

export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly epoch: string | readonly string[] | undefined;
  readonly text: string;
}

/** The request was not sent: nobody listens at the address, or somebody without the right certificate. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

export interface Connections {
  readonly agent: HttpAgent;
  readonly clock: Clock;
  /** Ends idle connections to all other addresses: they cost a coordinator as much as used ones. */
  keepOnlyTo(address: string): void;
}

export function createConnections(secure: boolean, clock: Clock, maxSockets: number): Connections {
  const options = { keepAlive: true, maxSockets };
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  return {
    agent,
    clock,
    keepOnlyTo(address) {
      const idle = Object.values(agent.freeSockets).flatMap(sockets => sockets ?? []);
      for (const socket of idle) if (addressOf(socket) !== address) socket.destroy();
    },
  };
}

function addressOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return joinAddress(remoteAddress, remotePort);
}

/** One exchange. Where the other side had closed the idle connection, the request is sent again. */
export async function sendRequest(
  call: Call,
  target: Target,
  connections: Connections,
  signal: AbortSignal,
): Promise<Answer> {
  const { clock } = connections;
  for (;;) {
    const sentMs = clock.monotonicMs();
    const sent = open(call, target, connections, signal);
    try {
      return await readAnswer(await sent.response);
    } catch (error) {
      const stale = sent.request.reusedSocket && isReset(error) && clock.monotonicMs() - sentMs < STALE_WITHIN_MS;
      if (stale && !signal.aborted) continue;
      if (sent.connected()) throw error;
      throw new NotConnected(errorText(error), { cause: error });
    }
  }
}

function open(
  { method, url, headers, body }: Call,
  { address, tls }: Target,
  connections: Connections,
  signal: AbortSignal,
) {
  const { agent, clock } = connections;
  const content = body === undefined ? undefined : contentOf(body);
  const sent = (tls ? requestOverHttps : requestOverHttp)(url, {
    ...splitAddress(address),
    ...tls,
    method,
    agent,
    signal,
    headers: { host: url.host, accept: 'application/json', ...headers, ...content?.headers },
  });
  let connected = false;
  sent.once('socket', (socket: Socket) => {
    const ready = () => {
      connected = true;
      socket.setKeepAlive(true, PROBE_AFTER_MS);
    };
    if (!socket.connecting && sent.reusedSocket) return ready();
    socket.once(tls ? 'secureConnect' : 'connect', ready);
    if (socket.connecting) giveUpOn(sent, socket, clock);
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
  sent.end(content?.bytes);
  return { request: sent, response, connected: () => connected };
}

function contentOf(body: unknown) {
  const text = Buffer.from(JSON.stringify(body));
  const zips = text.length > ZIP_FROM_BYTES;
  // Level 1 takes half the time of the default, and images' digests do not get shorter by it.
  const bytes = zips ? gzipSync(text, { level: 1 }) : text;
  const headers = {
    'content-type': 'application/json',
    'content-length': bytes.length,
    ...(zips && { 'content-encoding': 'gzip' }),
  };
  return { bytes, headers };
}

function giveUpOn(sent: ClientRequest, socket: Socket, clock: Clock): void {
  const done = new AbortController();
  socket.once('connect', () => done.abort());
  socket.once('close', () => done.abort());
  clock.sleep(CONNECT_WITHIN_MS, done.signal).then(
    () => sent.destroy(new Error(`no connection within ${CONNECT_WITHIN_MS} ms`)),
    () => {},
  );
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const body = await readBody(response, MAX_BODY_BYTES);
  return {
    status: response.statusCode ?? 0,
    etag: response.headers.etag,
    epoch: response.headers[EPOCH_HEADER],
    text: unzipped(response, body).toString('utf8'),
  };
}

/** Throws where it is longer. */
export async function readBody(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      response.destroy();
      throw new Error(`the answer is longer than ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Throws where it would become longer than any answer may be. */
function unzipped({ headers }: IncomingMessage, body: Buffer): Buffer {
  return headers['content-encoding'] === 'gzip' ? gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES }) : body;
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
