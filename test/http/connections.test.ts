import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { agentsApp, listen, listenForAgents, opsApp } from '@kube-prefetch/coordinator';
import { createMemoryHarness } from '@kube-prefetch/coordinator/testing';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterEach, expect, test } from 'vitest';
import { anAuthority, serverCertificate } from './certificates-and-tokens.ts';

/** A pod has an address of its own. */
const STRANGER = '127.0.0.2';
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function start(kind: 'ops' | 'agents over TLS') {
  const { coordinator, close } = createMemoryHarness();
  const parts = { clock, log: silentLog, metrics: coordinator.metrics };
  const app =
    kind === 'ops'
      ? opsApp(coordinator, parts)
      : agentsApp(coordinator, { ...parts, certificate: await serverCertificate(await anAuthority()) });
  const at = { host: '127.0.0.1', port: 0 };
  const listening = await listen(app, { listener: kind, at, clock, log: silentLog });
  return {
    app,
    listening,
    port: Number(new URL(listening.address).port),
    async close() {
      await listening.close();
      await close();
    },
  };
}

async function openIdle(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: STRANGER }).on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

test('a thousand nodes may connect at one moment: the kernel lets none of them try again later', async () => {
  const { coordinator, close } = createMemoryHarness();
  const at = { host: '127.0.0.1', port: 0 };
  const listening = await listenForAgents(
    coordinator,
    { listen: at, clock, log: silentLog },
    new AbortController().signal,
  );
  const port = Number(new URL(listening.address).port);
  for (let n = 0; n < 1_000; n += 1) {
    const localAddress = `127.9.${n >> 8}.${n & 255}`;
    sockets.push(connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {}));
  }
  await new Promise<void>(resolve => process.nextTick(resolve)); // the sockets connect before that, and nobody has accepted one
  const states = Map.groupBy(connectionsTo(port), state => state);
  expect([states.get(ESTABLISHED)?.length, states.get(SYN_SENT)?.length]).toEqual([1_000, undefined]);
  await listening.close();
  await close();
});

/** As Linux tells them. */
const [ESTABLISHED, SYN_SENT] = ['01', '02'];

function connectionsTo(port: number): readonly string[] {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map(row => row.trim().split(/\s+/));
  return rows.filter(row => row[2] === remote).map(row => row[3] ?? '');
}

test('one address cannot take the connections of a listener, and a probe beside it is answered', async () => {
  const { app, listening, port, close } = await start('ops');
  let over = false;
  const stranger = (async () => {
    while (!over) await openIdle(port);
  })();
  for (let probe = 0; probe < 9 || sockets.length <= 100; probe++) {
    await clock.sleep(50);
    expect((await fetch(`${listening.address}/healthz`)).status).toBe(200);
  }
  over = true;
  await stranger;
  const open = await new Promise<number>((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
  expect(open).toBeLessThanOrEqual(70);
  await close();
});

test('a listener closes although TLS handshakes never began', async () => {
  const { port, close } = await start('agents over TLS');
  const idle = await openIdle(port);
  await close();
  expect(idle.destroyed || (await once(idle, 'close'), true)).toBe(true);
});

test('a handshake that never begins is cut after ten seconds, and one that stops in the middle', async () => {
  const { port, close } = await start('agents over TLS');
  const startedMs = performance.now();
  const silent = await openIdle(port);
  const begun = await openIdle(port);
  begun.write(Buffer.from('160301020001000001fc0303', 'hex'));
  await Promise.all([silent, begun].map(async socket => socket.closed || once(socket.resume(), 'close')));
  expect(performance.now() - startedMs).toBeGreaterThan(9_000);
  expect(performance.now() - startedMs).toBeLessThan(25_000);
  await close();
});

test('requests that do not wait for their answers end the connection', async () => {
  const { port, close } = await start('ops');
  const socket = await openIdle(port);
  let text = '';
  socket.on('data', chunk => (text += String(chunk)));
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(1_000));
  await once(socket, 'close');
  expect(text.split('HTTP/1.1').length).toBeLessThanOrEqual(2);
  await close();
});

test('one address gets no more TLS handshakes than agents need, so that strangers do not keep the loop busy, and others get theirs', async () => {
  const { port, close } = await start('agents over TLS');
  const handshake = (localAddress: string) =>
    new Promise<boolean>(resolve => {
      const socket = connectTls({
        socket: connect({ port, host: '127.0.0.1', localAddress }),
        rejectUnauthorized: false,
      });
      socket.once('secureConnect', () => resolve(true)).on('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      sockets.push(socket);
    });
  const startedMs = clock.monotonicMs();
  let got = 0;
  for (let tries = 0; tries < 600; tries += 20) {
    const made = await Promise.all(Array.from({ length: 20 }, () => handshake(STRANGER)));
    got += made.filter(Boolean).length;
  }
  const seconds = (clock.monotonicMs() - startedMs) / 1_000;
  expect(got).toBeGreaterThanOrEqual(200);
  expect(got).toBeLessThanOrEqual(200 + 50 * seconds + 1);
  expect(await handshake('127.0.0.3')).toBe(true);
  await close();
});

test.each([
  [['h2', 'http/1.1'], 'http/1.1'],
  [undefined, false],
  [['h2'], 'refused'],
] as const)('a client that offers %j speaks %s over TLS', async (ALPNProtocols, spoken) => {
  const { port, close } = await start('agents over TLS');
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(ALPNProtocols && { ALPNProtocols: [...ALPNProtocols] }),
  });
  sockets.push(socket);
  const answer = once(socket, 'secureConnect').then(
    () => socket.alpnProtocol,
    () => 'refused',
  );
  expect(await answer).toBe(spoken);
  await close();
});
