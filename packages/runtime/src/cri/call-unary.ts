import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { create, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { Http2SessionManager } from '@connectrpc/connect-node';
import { untilAborted } from '@kube-prefetch/time';

/** Of gRPC's frame: whether the message is compressed, and its length. */
const PREFIX_BYTES = 5;

/**
 * The calls that have one request and one answer, over an HTTP/2 stream each. Connect's own transport builds every call from
 * streams within streams, which takes about twice the CPU time.
 */
export function unaryCalls(sessions: Http2SessionManager, maxAnswerBytes: number): Transport['unary'] {
  const none = new Headers(); // Nobody reads what comes beside an answer.
  return async (method, signal, _timeoutMs, header, input) => {
    const headers = {
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(header !== undefined && Object.fromEntries(new Headers(header))),
    };
    const path = `/${method.parent.typeName}/${method.name}`;
    const stream = await open(sessions, path, headers, signal);
    const read = () => sessions.notifyResponseByteRead(stream);
    const request = toBinary(method.input as DescMessage, create(method.input, input));
    const answer = await exchange(stream, frame(request), { read, maxAnswerBytes, signal });
    return {
      stream: false,
      service: method.parent,
      method,
      header: none,
      trailer: none,
      message: fromBinary(method.output, unframe(answer)),
    };
  };
}

async function open(
  sessions: Http2SessionManager,
  path: string,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal | undefined,
): Promise<ClientHttp2Stream> {
  const opening = sessions.request('POST', path, headers, {});
  if (signal === undefined) return opening;
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    opening.then(
      late => late.close(constants.NGHTTP2_CANCEL),
      () => {},
    );
    throw signal.aborted ? error : ConnectError.from(error, Code.Unavailable);
  }
}

interface Exchange {
  /** Called for each part of the answer. */
  readonly read: () => void;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** The frame that answers this one. An abort is not waited for: a runtime that hangs confirms none. */
function exchange(stream: ClientHttp2Stream, request: Buffer, options: Exchange): Promise<Buffer> {
  const { read, maxAnswerBytes, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let size = 0;
  let status: IncomingHttpHeaders = {};

  const giveUp = (reason: unknown) => {
    reject(reason);
    stream.close(constants.NGHTTP2_CANCEL);
  };
  const onAbort = () => giveUp(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  stream.on('response', headers => (status = headers));
  stream.on('trailers', trailers => (status = trailers));
  stream.on('data', (part: Buffer) => {
    read();
    parts.push(part);
    size += part.length;
    if (size > maxAnswerBytes)
      giveUp(new ConnectError(`the answer is longer than ${maxAnswerBytes} bytes`, Code.ResourceExhausted));
  });
  stream.on('error', error => reject(streamError(error)));
  stream.on('close', () => {
    signal?.removeEventListener('abort', onAbort);
    const problem = problemOf(status, stream.rstCode);
    if (problem === undefined) resolve(Buffer.concat(parts));
    else reject(problem);
  });
  stream.end(request);
  return promise;
}

/** A stream that was reset is told alike whether Node calls that an error or not. */
function streamError(error: NodeJS.ErrnoException): ConnectError {
  const text = error.code?.startsWith('ERR_HTTP2') ? `http/2 stream closed: ${error.message}` : error.message;
  return new ConnectError(text, Code.Unavailable);
}

function problemOf(status: IncomingHttpHeaders, resetCode: number | undefined): ConnectError | undefined {
  const { 'grpc-status': code, 'grpc-message': message = '', ':status': httpStatus } = status;
  if (code === '0') return undefined;
  if (code !== undefined)
    return new ConnectError(unescape(String(message)), Number(code) in Code ? Number(code) : Code.Unknown);
  if (httpStatus !== undefined && Number(httpStatus) !== 200)
    return new ConnectError(`HTTP ${String(httpStatus)}`, Code.Unknown);
  return new ConnectError(`http/2 stream closed with error code 0x${(resetCode ?? 0).toString(16)}`, Code.Unavailable);
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

function unframe(answer: Buffer): Uint8Array {
  const whole = answer.length >= PREFIX_BYTES && answer.length === PREFIX_BYTES + answer.readUInt32BE(1);
  if (!whole || answer[0] !== 0) throw new ConnectError('the answer is not one plain gRPC message', Code.Internal);
  return answer.subarray(PREFIX_BYTES);
}
