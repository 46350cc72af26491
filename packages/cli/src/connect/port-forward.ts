import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import type { RawData, WebSocket } from 'ws';
import { CliError } from '../print/cli-error.ts';
import { type Kube, refusalIn } from './kube.ts';

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** One connection for each WebSocket. Of the two channels of a port the first carries bytes, the other what went wrong. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERRORS = 1;
/** Each channel begins with the number of the port, in two bytes. */
const PORT_BYTES = 2;
/** How much goes into one message. */
const PIECE_BYTES = 32 * 1_024;
const MAX_REFUSAL_BYTES = 16 * 1_024;

/**
 * A connection to a port of a pod, through the API server and the kubelet. In this protocol a connection has no half-close: ending
 * the input closes it and cuts the answer, so whoever uses it ends it only when the answer is read. What is not read yet holds the
 * sender back.
 */
export async function openPortForward(
  kube: Kube,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<Duplex> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`;
  const socket = await kube.webSocket(path, PROTOCOL);
  // Its first messages may come with the answer to the handshake, before whoever waits for that is told.
  const connection = toDuplex(socket, `port ${port} of pod ${namespace}/${pod}`);
  await untilOpen(socket, `${namespace}/${pod}`, signal);
  return connection;
}

async function untilOpen(socket: WebSocket, pod: string, signal: AbortSignal): Promise<void> {
  const refused = Promise.withResolvers<never>();
  socket.once('unexpected-response', (_request: unknown, answer: IncomingMessage) => {
    void describeRefusal(answer).then(text => {
      socket.terminate();
      const message = `no connection to pod ${pod}: ${text}`;
      // A pod that has just gone is still the one that the Lease names.
      if (answer.statusCode !== 403) return refused.reject(new ApiError('Unreachable', message));
      refused.reject(new CliError(message, { hints: [RIGHTS] }));
    });
  });
  try {
    await Promise.race([once(socket, 'open', { signal }), refused.promise]);
  } catch (cause) {
    if (signal.aborted) socket.terminate();
    if (cause instanceof CliError || cause instanceof ApiError) throw cause;
    throw new ApiError('Unreachable', `no connection to pod ${pod}: ${errorText(cause)}`, { cause });
  }
}

const RIGHTS =
  'You need the rights of the chart\'s viewer: create and get on pods/portforward there (chart value "viewer").';

async function describeRefusal(answer: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (text.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // What came of it has to do.
  }
  return refusalIn(text) ?? `${answer.statusCode} ${text.trim().slice(0, 500)}`;
}

/** Takes over a WebSocket that is about to open. Whoever uses the connection is told of errors as of any stream's. */
function toDuplex(socket: WebSocket, what: string): Duplex {
  const begun = new Set<number>();
  const duplex = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (socket.readyState === socket.OPEN) sendPieces(socket, chunk, done);
      else done(new Error(`${what}: the connection has been closed`));
    },
    final(done) {
      socket.close();
      done();
    },
    destroy(error, done) {
      socket.terminate();
      done(error);
    },
  });
  // One that fails before anybody uses it must not end the program.
  duplex.on('error', () => {});
  socket.on('message', (data: RawData) => {
    const message = data as Buffer;
    const channel = message[0];
    let bytes = message.subarray(1);
    if (channel !== DATA && channel !== ERRORS) return;
    if (!begun.has(channel)) {
      begun.add(channel);
      bytes = bytes.subarray(PORT_BYTES);
    }
    if (bytes.length === 0) return;
    if (channel === ERRORS) duplex.destroy(new Error(`${what}: ${bytes.toString().trim().slice(0, 500)}`));
    else if (!duplex.push(bytes)) socket.pause();
  });
  socket.on('close', () => duplex.push(null));
  socket.on('error', error => duplex.destroy(new Error(`${what}: ${errorText(error)}`, { cause: error })));
  return duplex;
}

function sendPieces(socket: WebSocket, chunk: Buffer, done: (error?: Error | null) => void): void {
  const piece = Buffer.concat([Buffer.of(DATA), chunk.subarray(0, PIECE_BYTES)]);
  const rest = chunk.subarray(PIECE_BYTES);
  socket.send(piece, error => {
    if (error || rest.length === 0) done(error);
    else sendPieces(socket, rest, done);
  });
}
