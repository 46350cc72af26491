import { createServer, type RequestListener } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { connectEngine } from './connect-engine.ts';

const MIB = 1024 * 1024;

/** An engine on a socket of its own that answers as told; `sent` is what it could get rid of. */
async function engine(answer: RequestListener) {
  const dir = await mkdtemp(join(tmpdir(), 'kp-engine-'));
  const socket = join(dir, 'docker.sock');
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(socket, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });
  return connectEngine(socket);
}

/** Writes the piece until nobody reads on, or the whole is 200 MiB. */
function withoutEnd(status: number, first: string, piece: string): { answer: RequestListener; sentMiB: () => number } {
  let sent = 0;
  const answer: RequestListener = (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.write(first);
    const more = () => {
      while (!response.destroyed && sent < 200 * MIB) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };
  return { answer, sentMiB: () => sent / MIB };
}

const AT_ONCE = 'x'.repeat(64 * 1024);
const signal = () => new AbortController().signal;

test.each([
  [
    'a refused pull',
    500,
    1,
    (e: Engine, s: AbortSignal) => e.stream({ method: 'POST', path: '/images/create', query: {} }, s),
  ],
  ['a refused question', 404, 1, (e: Engine, s: AbortSignal) => e.get('/images/a/json', {}, s)],
  ['an answer', 200, 2, (e: Engine, s: AbortSignal) => e.get('/info', {}, s)],
])('%s without end is read to a bound', async (_what, status, mostMiB, ask) => {
  const { answer, sentMiB } = withoutEnd(status, '{"message":"denied: ', AT_ONCE);
  const error = (await ask(await engine(answer), signal()).catch((failed: unknown) => failed)) as Error;
  if (status === 200) expect(error.message).toContain('expected an answer of at most');
  else
    expect(error).toMatchObject({
      name: 'EngineError',
      status,
      message: expect.stringMatching(/^\{"message":"denied: x+$/),
    });
  expect(error.message.length).toBeLessThan(MIB);
  expect(sentMiB()).toBeLessThan(mostMiB + 8); // what sockets hold comes on top
});

type Engine = ReturnType<typeof connectEngine>;

test.each([
  ['{"message":"manifest unknown"}\n', 'manifest unknown'],
  ['{"message":7}', '{"message":7}'],
  ['no JSON\n', 'no JSON'],
  ['', 'HTTP 500'],
])('a refusal says what the engine said: %j', async (body, message) => {
  const refusing = await engine((_request, response) => response.writeHead(500).end(body));
  await expect(refusing.get('/info', {}, signal())).rejects.toMatchObject({
    name: 'EngineError',
    status: 500,
    message,
  });
});

test.each([
  ['of a question', (e: Engine, s: AbortSignal) => e.get('/info', {}, s)],
  ['of a refusal', (e: Engine, s: AbortSignal) => e.stream({ method: 'POST', path: '/refused', query: {} }, s)],
])('an answer %s that stops coming is given up with the signal', async (_what, ask) => {
  const stopping = await engine((request, response) => {
    response.writeHead(request.url === '/refused' ? 500 : 200).write('{');
  });
  const given = new AbortController();
  const asked = ask(stopping, given.signal);
  asked.catch(() => {}); // it is looked at below
  await systemClock.sleep(50);
  given.abort(new Error('no longer wanted'));
  await expect(asked).rejects.toThrow(/abort|no longer wanted/);
});
