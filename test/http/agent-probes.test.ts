import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { serveHealthAndMetrics } from '@kube-prefetch/agent';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';

async function serve({ scraped = () => {}, clock = createVirtualClock() } = {}): Promise<number> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const health = { alive: () => true, ready: () => true };
  const exposition = async () => {
    scraped();
    return { contentType: 'text/plain', text: 'up 1\n' };
  };
  const where = await serveHealthAndMetrics(
    { health, metrics: { exposition }, clock },
    { host: '127.0.0.1', port: 0 },
    stop.signal,
  );
  return Number(new URL(where).port);
}

/** Connections of another pod that send `first` and then nothing; how many of them are open is the server's to say. */
async function strangers(port: number, count: number, localAddress: string, first: string): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', localAddress }));
  onTestFinished(() => sockets.forEach(socket => socket.destroy()));
  await Promise.all(
    sockets.map(async socket => {
      socket.on('error', () => {}).resume();
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      socket.write(first);
    }),
  );
  return sockets;
}

/** As the kubelet probes: one connection for each. */
function probe(port: number, localAddress: string): Promise<number | string> {
  return new Promise(resolve => {
    const sent = request(
      { port, host: '127.0.0.1', path: '/healthz', localAddress, agent: false, timeout: 5_000 },
      response => resolve(response.resume().statusCode ?? 0),
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer'))).on('error', error => resolve(error.message));
    sent.end();
  });
}

test.each([
  ['idle', ''],
  ['slow', 'GET /metrics HTTP/1.1\r\nhost: a\r\n'],
])('probes get through while a pod holds as many %s connections as it can', async (_what, first) => {
  const port = await serve();
  for (let round = 0; round < 3; round++) {
    const sockets = await strangers(port, 80, '127.0.0.2', first);
    expect(await probe(port, '127.0.0.1')).toBe(200);
    expect(await probe(port, '127.0.0.2')).toBe(200);
    expect(sockets.filter(socket => !socket.destroyed && !socket.readableEnded).length).toBeLessThanOrEqual(8);
  }
});

test('probes get through while many addresses hold connections', async () => {
  const port = await serve();
  for (let host = 2; host < 22; host++) await strangers(port, 8, `127.0.0.${host}`, '');
  expect([await probe(port, '127.0.0.1'), await probe(port, '127.0.0.99')]).toEqual([200, 200]);
});

test('metrics are computed once a second, however often they are read', async () => {
  let scrapes = 0;
  const clock = createVirtualClock();
  const port = await serve({ scraped: () => (scrapes += 1), clock });
  const read = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (let i = 0; i < 20; i++) expect(await read()).toBe('up 1\n');
  expect(scrapes).toBe(1);
  await clock.advance(1_000);
  await read();
  expect(scrapes).toBe(2);
});
