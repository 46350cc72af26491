import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '@kube-prefetch/time';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createKube } from './kube.ts';
import { openPortForward } from './port-forward.ts';
import { readAnswer, requestOver } from './read-answer.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const PORT = Buffer.of(0x9f, 0x1b);
const data = (...parts: (string | Buffer)[]) => Buffer.concat([Buffer.of(0), ...parts.map(part => Buffer.from(part))]);

/** As the kubelet: the port on both channels as soon as the handshake is done. */
async function forwardTo(serve: (socket: WebSocket, received: () => string) => void, status?: number) {
  const server = createServer((_request, response) => {
    response.writeHead(status ?? 404).end(JSON.stringify({ message: 'pods "p" is forbidden' }));
  });
  if (status === undefined) {
    const sockets = new WebSocketServer({ server, handleProtocols: protocols => [...protocols][0] ?? false });
    sockets.on('connection', socket => {
      let received = '';
      socket.on('message', (message: Buffer) => (received += message.subarray(1).toString()));
      socket.send(data(PORT));
      socket.send(Buffer.concat([Buffer.of(1), PORT]));
      serve(socket, () => received);
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close().closeAllConnections());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`);
  const kube = createKube({ server: url, namespace: 'n', authenticate: async () => ({}) }, systemClock);
  return openPortForward(kube, { namespace: 'n', pod: 'p', port: 7_071 }, new AbortController().signal);
}

async function get(connection: Duplex) {
  return readAnswer(requestOver(connection, { path: '/', headers: { host: 'x' } }), undefined);
}

test('an answer arrives whole that comes with the handshake, in any pieces', async () => {
  const body = 'x'.repeat(1_000_000);
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
  const connection = await forwardTo(socket => {
    for (let at = 0; at < answer.length; at += 32_768) socket.send(data(answer.slice(at, at + 32_768)));
    socket.close();
  });
  expect((await get(connection)).text).toHaveLength(body.length);
});

test('an answer that breaks off is no answer', async () => {
  const connection = await forwardTo(socket => {
    socket.send(data('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'));
    socket.close();
  });
  await expect(get(connection)).rejects.toThrow('aborted');
});

test('what the kubelet says on the channel for errors is told', async () => {
  const connection = await forwardTo(socket => {
    socket.send(Buffer.concat([Buffer.of(1), Buffer.from('connection refused')]));
  });
  await expect(get(connection)).rejects.toThrow('port 7071 of pod n/p: connection refused');
});

test('a person without the right is told so, and which right', async () => {
  await expect(forwardTo(() => {}, 403)).rejects.toMatchObject({
    message: 'no connection to pod n/p: pods "p" is forbidden',
    hints: [expect.stringContaining('pods/portforward')],
  });
});

test('a reader that does not read holds the sender back', async () => {
  const chunk = Buffer.alloc(64 * 1_024);
  let sender: WebSocket | undefined;
  const connection = await forwardTo(socket => {
    sender = socket;
    for (let i = 0; i < 256; i++) socket.send(data(chunk));
    socket.close();
  });
  await systemClock.sleep(100);
  expect(connection.readableLength).toBeLessThan(1_000_000);
  expect(sender?.bufferedAmount).toBeGreaterThan(4_000_000);
  let bytes = 0;
  for await (const piece of connection as AsyncIterable<Buffer>) bytes += piece.length;
  expect(bytes).toBe(chunk.length * 256);
});

test('a long request goes out in pieces and is not cut', async () => {
  const seen = Promise.withResolvers<string>();
  const connection = await forwardTo((socket, received) => {
    socket.on('message', () => {
      if (received().length === 300_000) seen.resolve(received());
    });
  });
  connection.write(Buffer.from('y'.repeat(300_000)));
  expect(await seen.promise).toBe('y'.repeat(300_000));
  connection.destroy();
});
