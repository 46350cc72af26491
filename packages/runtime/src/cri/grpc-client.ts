import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { create, type DescMethod, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { type Client, Code } from '@connectrpc/connect';
import { errorText } from '@kube-prefetch/protocol';
import type { Connection } from './grpc-connection.ts';

/** Of gRPC's frame: whether the message is compressed, and its length. */
const PREFIX_BYTES = 5;

/** A call that ended with something else than an answer. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: Code;

  constructor(message: string, code: Code) {
    super(message);
    this.code = code;
  }
}

/** Also of what is no CallError. */
export function refusalOf(error: unknown): { readonly text: string; readonly code: Code } {
  return { text: errorText(error), code: error instanceof CallError ? error.code : Code.Unknown };
}

export interface GrpcOptions {
  readonly connection: Connection;
  /** Of one message. */
  readonly maxAnswerBytes: number;
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Each call is one HTTP/2 stream. Connect's transport builds a call from streams within streams, which takes about twice the CPU
 * time, and the `Headers` of its answers and errors load the fetch of Node, which takes 5 MiB.
 */
export function createGrpcClient<Service extends DescService>(service: Service, options: GrpcOptions): Client<Service> {
  const methods = service.methods.map(method => {
    const call =
      method.methodKind === 'server_streaming'
        ? (input: Message, { signal }: CallOptions = {}) => readStream(method, input, options, signal)
        : (input: Message, { signal }: CallOptions = {}) => callUnary(method, input, options, signal);
    return [method.localName, call];
  });
  return Object.fromEntries(methods) as Client<Service>;
}

/** An abort is not waited for: a runtime that hangs confirms none. */
async function callUnary(
  method: DescMethod,
  input: Message,
  options: GrpcOptions,
  signal: AbortSignal | undefined,
): Promise<Message> {
  signal?.throwIfAborted();
  const stream = open(method, input, options);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let size = 0;

  const giveUp = (reason: unknown) => {
    reject(reason);
    stream.close(constants.NGHTTP2_CANCEL);
  };
  const onAbort = () => giveUp(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const status = statusOf(stream);
  stream.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size > options.maxAnswerBytes) giveUp(tooLong(options.maxAnswerBytes));
  });
  stream.on('error', error => reject(streamError(error)));
  stream.on('close', () => {
    signal?.removeEventListener('abort', onAbort);
    const problem = problemOf(status(), stream.rstCode);
    if (problem === undefined) resolve(Buffer.concat(parts));
    else reject(problem);
  });
  const [message, rest] = unframe(await promise);
  if (message === undefined || rest.length > 0) throw notPlain();
  return fromBinary(method.output, message);
}

async function* readStream(
  method: DescMethod,
  input: Message,
  options: GrpcOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  signal?.throwIfAborted();
  const stream = open(method, input, options);
  const status = statusOf(stream);
  const onAbort = () => {
    stream.close(constants.NGHTTP2_CANCEL);
    stream.destroy(signal?.reason as Error);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, part]);
      if (rest.length > options.maxAnswerBytes) throw tooLong(options.maxAnswerBytes);
      for (;;) {
        const [message, after] = unframe(rest);
        if (message === undefined) break;
        yield fromBinary(method.output, message);
        rest = after;
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof CallError ? error : streamError(error as Error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  const problem = problemOf(status(), stream.rstCode);
  if (problem !== undefined) throw problem;
  if (rest.length > 0) throw notPlain();
}

function open(method: DescMethod, input: Message, { connection, headers }: GrpcOptions): ClientHttp2Stream {
  const path = `/${method.parent.typeName}/${method.name}`;
  const stream = connection.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.end(frame(toBinary(method.input, create(method.input, input as never))));
  return stream;
}

/** The headers or trailers that came last: those that hold the call's status, once it is over. */
function statusOf(stream: ClientHttp2Stream): () => IncomingHttpHeaders {
  let status: IncomingHttpHeaders = {};
  stream.on('response', headers => (status = headers));
  stream.on('trailers', trailers => (status = trailers));
  return () => status;
}

/** A stream that was reset is told alike whether Node calls that an error or not; what kept it from a connection says more. */
function streamError(error: NodeJS.ErrnoException): CallError {
  if (error.cause instanceof Error) return streamError(error.cause);
  const text = error.code?.startsWith('ERR_HTTP2') ? `http/2 stream closed: ${error.message}` : error.message;
  return new CallError(text, Code.Unavailable);
}

function problemOf(status: IncomingHttpHeaders, resetCode: number | undefined): CallError | undefined {
  const { 'grpc-status': code, 'grpc-message': message = '', ':status': httpStatus } = status;
  if (code === '0') return undefined;
  if (code !== undefined)
    return new CallError(unescape(String(message)), Number(code) in Code ? Number(code) : Code.Unknown);
  if (httpStatus !== undefined && Number(httpStatus) !== 200)
    return new CallError(`HTTP ${String(httpStatus)}`, Code.Unknown);
  return new CallError(`http/2 stream closed with error code 0x${(resetCode ?? 0).toString(16)}`, Code.Unavailable);
}

/** gRPC escapes what is not printable ASCII as URLs do. */
function unescape(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(PREFIX_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** The first message and what comes after it; no message while a part of it is missing. */
function unframe(bytes: Buffer): readonly [message: Buffer | undefined, rest: Buffer] {
  if (bytes.length < PREFIX_BYTES) return [undefined, bytes];
  if (bytes[0] !== 0) throw notPlain();
  const end = PREFIX_BYTES + bytes.readUInt32BE(1);
  return bytes.length < end ? [undefined, bytes] : [bytes.subarray(PREFIX_BYTES, end), bytes.subarray(end)];
}

const notPlain = () => new CallError('the answer is not made of whole, plain gRPC messages', Code.Internal);

const tooLong = (maxBytes: number) =>
  new CallError(`the answer is longer than ${maxBytes} bytes`, Code.ResourceExhausted);
