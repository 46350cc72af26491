import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectCri, oncePerConnection } from './connect-cri.ts';

const { signal } = new AbortController();

function start() {
  const server = { connections: 1, says: 'one', asked: 0 };
  const ask = oncePerConnection(
    () => server.connections,
    async () => {
      server.asked += 1;
      return server.says;
    },
  );
  return { server, ask: () => ask(signal) };
}

test('a connection that stands is asked once', async () => {
  const { server, ask } = start();
  expect([await ask(), await ask(), await ask()]).toEqual(['one', 'one', 'one']);
  expect(server.asked).toBe(1);
});

test('a new connection is asked again', async () => {
  const { server, ask } = start();
  await ask();
  Object.assign(server, { connections: 2, says: 'two' });
  expect(await ask()).toBe('two');
});

test('an answer that came over a connection made while asking is not kept for the one after it', async () => {
  const server = { connections: 0 };
  const ask = oncePerConnection(
    () => server.connections,
    async () => `answer over ${++server.connections}`,
  );
  expect(await ask(signal)).toBe('answer over 1');
  expect(await ask(signal)).toBe('answer over 2');
});

test('what was not said is asked again', async () => {
  const answers = [undefined, 'said', 'never asked'];
  const ask = oncePerConnection(
    () => 1,
    async () => answers.shift(),
  );
  expect([await ask(signal), await ask(signal), await ask(signal)]).toEqual([undefined, 'said', 'said']);
});

test('a question that fails is asked again', async () => {
  let fails = true;
  const ask = oncePerConnection(
    () => 1,
    async () => {
      if (fails) throw new Error('away');
      return 'back';
    },
  );
  await expect(ask(signal)).rejects.toThrow('away');
  fails = false;
  expect(await ask(signal)).toBe('back');
});

test('a server is told how long an error may be, so that a longer one ends its own call and not the connection', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kp-cri-'));
  const socket = join(folder, 's');
  const server = createServer();
  const told = new Promise<unknown>(resolve => {
    server.once('session', session => session.once('remoteSettings', resolve));
  });
  server.on('stream', stream => stream.respond({ ':status': 503 }, { endStream: true }));
  await new Promise<void>(resolve => server.listen(socket, resolve));
  await expect(connectCri(socket).runtime.version({})).rejects.toThrow(/HTTP|unavailable/i);
  expect(await told).toMatchObject({ maxHeaderListSize: 32 * 1024 });
  server.close();
  rmSync(folder, { recursive: true });
});
