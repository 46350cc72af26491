import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpAgentApi } from '@kube-prefetch/agent';
import { type ApiError, MAX_BODY_BYTES, type NodeReport } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { afterEach, expect, test } from 'vitest';

const never = new AbortController().signal;
const report: NodeReport = {
  agent: { id: 'a', startedAt: '2026-01-01T00:00:00.000Z', version: '0.0.0' },
  sequence: 1,
  full: true,
  runtime: {},
  cells: [],
  gone: [],
};

let server: Server | undefined;
const clients: ReturnType<typeof createHttpAgentApi>[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  server?.closeAllConnections();
  server?.close();
  if (server?.listening) await once(server, 'close');
});

/** No deadline passes but where a test moves the clock. */
async function serve(listener: RequestListener, { clock = createVirtualClock(), node = 'n1' } = {}) {
  server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createHttpAgentApi({ coordinator: `http://127.0.0.1:${port}/`, node, clock });
  clients.push(client);
  return client;
}

const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable(),
    error => error as ApiError,
  );

const answers: readonly [string, RequestListener, code: string, message: string][] = [
  ['is no JSON', (_, response) => response.end('<html>'), 'Unreachable', 'is not valid JSON'],
  ['has another shape', (_, response) => response.end('{"epoch":"one"}'), 'Unreachable', 'not a valid coordinator'],
  ['never ends', (_, response) => void response.end(Buffer.alloc(MAX_BODY_BYTES + 1)), 'Unreachable', 'longer than'],
  [
    'is a problem of the coordinator',
    (_, response) =>
      response.writeHead(404).end(JSON.stringify({ code: 'UnknownNode', message: 'no node n1', details: ['d'] })),
    'UnknownNode',
    'no node n1',
  ],
  [
    'is a problem of somebody else',
    (_, response) => response.writeHead(502).end('bad gateway'),
    'Unreachable',
    "HTTP 502 that is not the coordinator's: bad gateway",
  ],
  [
    'is cut short',
    (request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"ep', () => request.socket.destroy());
    },
    'Unreachable',
    'aborted',
  ],
  ['never begins', request => request.socket.destroy(), 'Unreachable', 'socket hang up'],
];

test.each(answers)('an answer that %s is an ApiError', async (_what, listener, code, message) => {
  const client = await serve(listener);
  const error = await failure(client.report(report, never));
  expect([error.name, error.code]).toEqual(['ApiError', code]);
  expect(error.message).toContain(message);
});

test('a coordinator that is not there is said to be unreachable, with its address', async () => {
  const client = await serve(() => {});
  server?.close();
  const error = await failure(client.report(report, never));
  expect(error.code).toBe('Unreachable');
  expect(error.message).toMatch(/POST http:\/\/127\.0\.0\.1:\d+\/v1\/nodes\/n1\/report: connect ECONNREFUSED/);
});

test.each([
  ['report', 10_000, (client: Awaited<ReturnType<typeof serve>>) => client.report(report, never)],
  [
    'plan that may wait for 50 s',
    60_000,
    (client: Awaited<ReturnType<typeof serve>>) => client.plan('r', 50_000, never),
  ],
  [
    'permit request that may wait for 20 s',
    30_000,
    (client: Awaited<ReturnType<typeof serve>>) => client.permits({ holding: [], wanting: [], waitMs: 20_000 }, never),
  ],
])('a %s that nobody answers ends after %i ms', async (_what, ms, call) => {
  const clock = createVirtualClock();
  const arrived = Promise.withResolvers<void>();
  const client = await serve(() => arrived.resolve(), { clock });
  let ended = false;
  const error = failure(call(client)).finally(() => {
    ended = true;
  });
  await arrived.promise;
  await clock.advance(ms - 1);
  expect(ended).toBe(false);
  await clock.advance(1);
  expect((await error).message).toContain(`took longer than ${ms} ms`);
});

test('an aborted call ends at once and closes its connection', async () => {
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const client = await serve(request => {
    arrived.resolve();
    request.once('close', () => closed.resolve());
  });
  const stop = new AbortController();
  const call = failure(client.plan(undefined, 50_000, stop.signal));
  await arrived.promise;
  stop.abort(new Error('enough'));
  expect((await call).code).toBe('Unreachable');
  await closed.promise;
});

test('a kept connection that the other side closes just then is opened again, once and unnoticed', async () => {
  let requests = 0;
  const client = await serve((request, response) => {
    requests += 1;
    if (requests === 2) request.socket.destroy();
    else response.end('{"epoch":1,"sendFull":false}');
  });
  await client.report(report, never);
  expect(await client.report(report, never)).toEqual({ epoch: 1, sendFull: false });
  expect(requests).toBe(3);
});

test('the node is one part of the path, whatever its name is', async () => {
  let path: string | undefined;
  const client = await serve(
    (request, response) => {
      path = request.url;
      response.writeHead(304).end();
    },
    { node: '../n2/report?x=#é' },
  );
  expect(await client.plan('r', 1_500, never)).toBe('unchanged');
  expect(path).toBe('/v1/nodes/..%2Fn2%2Freport%3Fx%3D%23%C3%A9/plan?wait=1.5');
});

test('a plan without a revision is not one', async () => {
  const client = await serve((_, response) => response.end('{"complete":true,"items":[]}'));
  expect((await failure(client.plan(undefined, 0, never))).message).toContain('without its revision in an ETag');
});

test('connections are kept: a hundred reports use one', async () => {
  const client = await serve((_, response) => response.end('{"epoch":1,"sendFull":false}'));
  let connections = 0;
  server?.on('connection', () => {
    connections += 1;
  });
  for (let i = 0; i < 100; i++) await client.report(report, never);
  expect(connections).toBe(1);
});
