import { once } from 'node:events';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBinary, create } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { afterEach, expect, test, vi } from 'vitest';
import { connectCri } from './connect-cri.ts';
import { EnvelopeSchema } from './generated/containerd_types_pb.ts';
import { VersionResponseSchema } from './generated/cri_pb.ts';
import { CallError } from './grpc-client.ts';

const servers: Http2Server[] = [];
let sockets = 0;

/** What answers each call, and the client of it. */
async function serve(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void) {
  const socket = join(tmpdir(), `kp-grpc-${process.pid}-${sockets++}.sock`);
  const server = createServer().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream, headers);
  });
  servers.push(server);
  server.listen(socket);
  await once(server, 'listening');
  return connectCri(socket);
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const VERSION = toBinary(VersionResponseSchema, create(VersionResponseSchema, { runtimeName: 'containerd' }));

function framed(message: Uint8Array, flag = 0): Buffer {
  return Buffer.concat([Buffer.from([flag, 0, 0, 0, message.length]), message]);
}

function reply(stream: ServerHttp2Stream, body: Buffer, trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(body);
}

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: unknown) => error,
  );

test('an answer is read with its status', async () => {
  const { runtime } = await serve(stream => reply(stream, framed(VERSION), { 'grpc-status': '0' }));
  expect((await runtime.version({})).runtimeName).toBe('containerd');
});

test('the request has the content type that strict servers ask for', async () => {
  let contentType: string | undefined;
  const { runtime } = await serve((stream, headers) => {
    contentType = headers['content-type'];
    reply(stream, framed(VERSION), { 'grpc-status': '0' });
  });
  await runtime.version({});
  expect(contentType).toBe('application/grpc');
});

test.each<[what: string, (stream: ServerHttp2Stream) => void, Code, text: string | RegExp]>([
  [
    'a refusal keeps its code and its text, whatever characters it has',
    stream =>
      stream.respond(
        { ':status': 200, 'grpc-status': '5', 'grpc-message': 'not%20found: caf%C3%A9' },
        { endStream: true },
      ),
    Code.NotFound,
    'not found: café',
  ],
  [
    'a text that is escaped wrongly stays as it is',
    stream => reply(stream, Buffer.alloc(0), { 'grpc-status': '2', 'grpc-message': '100%' }),
    Code.Unknown,
    '100%',
  ],
  [
    'a server that speaks no gRPC is told by its status',
    stream => stream.respond({ ':status': 404 }, { endStream: true }),
    Code.Unknown,
    'HTTP 404',
  ],
  ['a stream that is reset is no answer', stream => stream.close(2), Code.Unavailable, /^http\/2 stream closed/],
  [
    'a connection that breaks is no answer',
    stream => stream.session?.destroy(),
    Code.Unavailable,
    /^http\/2 stream closed|^(read|write) E/,
  ],
  [
    'half an answer is none',
    stream => reply(stream, framed(VERSION).subarray(0, 8), { 'grpc-status': '0' }),
    Code.Internal,
    /not made of whole, plain/,
  ],
  [
    'a compressed answer is none',
    stream => reply(stream, framed(VERSION, 1), { 'grpc-status': '0' }),
    Code.Internal,
    /not made of whole, plain/,
  ],
  [
    'an answer that is too long is given up',
    stream => reply(stream, Buffer.alloc(17 * 1024 * 1024), { 'grpc-status': '0' }),
    Code.ResourceExhausted,
    /longer than/,
  ],
])('%s', async (_what, answer, code, text) => {
  const { runtime } = await serve(answer);
  const error = (await outcome(runtime.version({}))) as CallError;
  expect(error).toBeInstanceOf(CallError);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(text);
});

test('where nobody listens the call says so', async () => {
  const error = await outcome(
    connectCri('/no/such.sock').runtime.version({}, { signal: new AbortController().signal }),
  );
  expect((error as CallError).message).toMatch(/^connect ENOENT/);
});

test('an abort ends the call at once, and the server hears of it', async () => {
  const stop = new AbortController();
  const reset = Promise.withResolvers<void>();
  const { runtime } = await serve(stream => {
    stream.on('close', reset.resolve);
    stop.abort(new Error('enough'));
  });
  expect(await outcome(runtime.version({}, { signal: stop.signal }))).toEqual(new Error('enough'));
  await reset.promise;
});

const EVENT = framed(toBinary(EnvelopeSchema, create(EnvelopeSchema, { topic: '/images/create' })));

test('the messages of a stream come one by one, however they are cut', async () => {
  const { events } = await serve(stream => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const bytes = Buffer.concat([EVENT, EVENT, EVENT]);
    stream.write(bytes.subarray(0, EVENT.length + 3), () => stream.end(bytes.subarray(EVENT.length + 3)));
  });
  const topics = (await Array.fromAsync(events.subscribe({}))).map(({ topic }) => topic);
  expect(topics).toEqual(['/images/create', '/images/create', '/images/create']);
});

test.each<[what: string, (stream: ServerHttp2Stream) => void, Code]>([
  [
    'with a refusal',
    stream => reply(stream, EVENT, { 'grpc-status': '14', 'grpc-message': 'stopping' }),
    Code.Unavailable,
  ],
  ['within a message', stream => reply(stream, EVENT.subarray(0, 7), { 'grpc-status': '0' }), Code.Internal],
  ['with its connection', stream => stream.session?.destroy(), Code.Unavailable],
])('a stream that ends %s fails', async (_what, answer, code) => {
  const { events } = await serve(answer);
  expect(await outcome(Array.fromAsync(events.subscribe({})))).toMatchObject({ name: 'CallError', code });
});

test('an abort ends a stream at once, and the server hears of it', async () => {
  const stop = new AbortController();
  const reset = Promise.withResolvers<void>();
  const { events } = await serve(stream => {
    stream.on('close', reset.resolve);
    stop.abort(new Error('enough'));
  });
  expect(await outcome(Array.fromAsync(events.subscribe({}, { signal: stop.signal })))).toEqual(new Error('enough'));
  await reset.promise;
});

test('a connection that broke is made anew', async () => {
  let calls = 0;
  const { runtime, connections } = await serve(stream => {
    calls += 1;
    if (calls === 1) stream.session?.destroy();
    else reply(stream, framed(VERSION), { 'grpc-status': '0' });
  });
  await outcome(runtime.version({}));
  expect((await runtime.version({})).runtimeName).toBe('containerd');
  expect(connections()).toBe(2);
});

test('calls and their errors do not load what fetch needs', async () => {
  const { runtime } = await serve(stream => reply(stream, Buffer.alloc(0), { 'grpc-status': '5' }));
  const made = vi.spyOn(globalThis, 'Headers');
  await outcome(runtime.version({}));
  expect(made).not.toHaveBeenCalled();
});
