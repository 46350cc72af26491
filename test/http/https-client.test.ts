import { mkdtempSync, readFileSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createHttpAgentApi } from '@kube-prefetch/agent';
import type { KeptAuthority } from '@kube-prefetch/cluster';
import { aReport, never } from '@kube-prefetch/coordinator/testing';
import { scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { ApiError } from '@kube-prefetch/protocol';
import { type Clock, systemClock } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  follows,
  leads,
  type ReplicaOptions,
  refuses,
  type ScriptedReplica,
  startScriptedReplica,
} from './start-scripted-replica.ts';
import { anAuthority, type ProjectedFiles, projectFiles, SERVICE } from './certificates-and-tokens.ts';
import { SOON_MS } from '../patience.ts';

const scratch = scratchFolder('kp-https');
let authority: KeptAuthority;
beforeAll(async () => {
  authority = await anAuthority();
});
afterAll(() => scratch.remove());

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function replica(options: Partial<ReplicaOptions> = {}): Promise<ScriptedReplica> {
  const started = await startScriptedReplica({ by: authority, ...options });
  closing.push(started.close);
  return started;
}

/** Two of them behind one name, as a headless Service has it. */
async function pair(): Promise<readonly [ScriptedReplica, ScriptedReplica]> {
  const first = await replica();
  return [first, await replica({ host: '127.0.0.2', port: first.port })];
}

interface ClientOptions {
  readonly clock?: Clock;
  readonly files?: ProjectedFiles;
  readonly hosts?: readonly string[];
}

/** No deadline passes but where a test moves the clock. */
function connect(
  port: number,
  { clock = createVirtualClock(), files = someFiles(), hosts = ['127.0.0.1'] }: ClientOptions = {},
) {
  const { caFile, tokenFile } = files;
  const coordinator = `https://${SERVICE}:${port}`;
  const client = createHttpAgentApi({
    coordinator,
    caFile,
    tokenFile,
    node: 'n1',
    clock,
    resolve: async host => (host === SERVICE ? hosts : []),
  });
  closing.push(() => client.close());
  return client;
}

function someFiles({ ca = authority.certificate, token = 'a-token' } = {}): ProjectedFiles {
  return projectFiles(mkdtempSync(join(scratch.path, 'pod-')), { ca, token });
}

const BOTH = ['127.0.0.1', '127.0.0.2'];
const report = aReport();
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable(),
    error => error as ApiError,
  );

describe('who speaks to whom', () => {
  test('the coordinator shows a certificate for the configured name, and is shown the token', async () => {
    const server = await replica();
    const heard: unknown[] = [];
    server.answer((request, response) => {
      const { servername } = request.socket as Socket & { servername?: string };
      heard.push([servername, request.headers.host, request.headers.authorization]);
      leads(1)(request, response);
    });
    expect(await connect(server.port).report(report, never())).toEqual({ epoch: 1, sendFull: false });
    expect(heard).toEqual([[SERVICE, `${SERVICE}:${server.port}`, 'Bearer a-token']]);
  });

  test.each([
    ['of another authority', async () => ({ by: await anAuthority() }), /self-signed|unable to verify|signature/],
    ['for another name', async () => ({ certificate: { name: 'other.svc' } }), /does not match certificate/],
    ['that is over', async () => ({ certificate: { over: true } }), /certificate has expired/],
  ])('a server with a certificate %s is told nothing', async (_which, options, reason) => {
    const server = await replica(await options());
    const error = await failure(connect(server.port).report(report, never()));
    expect([error.code, server.requests]).toEqual(['Unreachable', []]);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`https://${SERVICE}:${server.port}/v1/nodes/n1/report at ${server.address}: `);
  });

  test('a server that speaks no TLS sees neither token nor report', async () => {
    let seen = '';
    const server = createServer(socket => {
      socket.on('data', data => {
        seen += data.toString('latin1');
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      });
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const error = await failure(connect((server.address() as AddressInfo).port).report(report, never()));
    expect(error.code).toBe('Unreachable');
    expect(seen).not.toMatch(/a-token|POST/);
    expect(seen).toContain(SERVICE);
  });

  test.each([
    ['token', { token: '' }, /token does not hold a token/],
    ['authority', { ca: '' }, /ca does not hold a certificate in PEM/],
    ['readable authority', { ca: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----' }, /PEM|certificate|ASN/i],
  ])('without a %s nobody is asked, and the reason is told', async (_what, files, reason) => {
    const server = await replica();
    const error = await failure(connect(server.port, { files: someFiles(files) }).report(report, never()));
    expect([error.code, server.requests]).toEqual(['Unreachable', []]);
    expect(error.message).toMatch(reason);
  });
});

describe('what is replaced while the agent runs', () => {
  test('a new token is used from the next request on, on the same connection', async () => {
    const server = await replica();
    const tokens: unknown[] = [];
    server.answer((request, response) => {
      tokens.push(request.headers.authorization);
      leads(1)(request, response);
    });
    const files = someFiles();
    const client = connect(server.port, { files });
    await client.report(report, never());
    files.replace({ token: 'the-next' });
    await client.report(report, never());
    expect([tokens, server.connections()]).toEqual([['Bearer a-token', 'Bearer the-next'], 1]);
  });

  test('connections are kept: a hundred reports with ten tokens use one', async () => {
    const server = await replica();
    const files = someFiles();
    const client = connect(server.port, { files });
    let connections = 0;
    server.server.on('connection', () => {
      connections += 1;
    });
    for (let i = 0; i < 100; i++) {
      if (i % 10 === 0) files.replace({ token: `token-${i}` });
      await client.report(report, never());
    }
    expect(connections).toBe(1);
  });

  test('a token that is replaced while it is being refused costs no failed request', async () => {
    const server = await replica();
    const files = someFiles();
    server.answer((request, response) => {
      if (request.headers.authorization === 'Bearer the-next') return leads(1)(request, response);
      files.replace({ token: 'the-next' });
      refuses(401, 'Unauthenticated')(request, response);
    });
    expect(await connect(server.port, { files }).report(report, never())).toMatchObject({ epoch: 1 });
  });

  test('a token that stays refused is told so after one request', async () => {
    const server = await replica();
    server.answer(refuses(401, 'Unauthenticated'));
    expect((await failure(connect(server.port).report(report, never()))).code).toBe('Unauthenticated');
    expect(server.requests).toHaveLength(1);
  });

  test('a new authority is believed on new connections, and a poll on the old one goes on', async () => {
    const server = await replica();
    const [old, next] = [authority, await anAuthority()];
    const files = someFiles();
    const client = connect(server.port, { files });
    const waiting = Promise.withResolvers<() => void>();
    server.answer((request, response) => {
      if (request.method === 'GET') waiting.resolve(() => response.writeHead(304).end());
      else leads(1)(request, response);
    });
    const poll = client.plan('r', 50_000, never());
    const answerPoll = await waiting.promise;
    files.replace({ ca: `${old.certificate}${next.certificate}` });
    await client.report(report, never());
    expect(server.connections()).toBe(2);
    const renewed = await replica({ by: next, host: '127.0.0.2', port: server.port });
    const moved = connect(server.port, { files, hosts: ['127.0.0.2'] });
    expect(await moved.report(report, never())).toMatchObject({ epoch: 1 });
    files.replace({ ca: next.certificate });
    expect((await failure(client.report(report, never()))).message).toMatch(/verify|signature|self-signed/);
    expect(renewed.requests).toHaveLength(1);
    answerPoll();
    expect(await poll).toBe('unchanged');
  });
});

describe('who leads', () => {
  test('a follower that knows the leader is asked once, and loses its connection', async () => {
    const [follower, leader] = await pair();
    follower.answer(follows(leader.address));
    const client = connect(follower.port, { hosts: ['127.0.0.1'] });
    for (let i = 0; i < 3; i++) await client.report(report, never());
    expect([follower.requests.length, leader.requests.length]).toEqual([1, 3]);
    await waitUntil(() => follower.connections() === 0, 'the connection to the follower to end', SOON_MS);
    expect(leader.connections()).toBe(1);
  });

  test('where a follower does not know, the other address is asked at once', async () => {
    const [follower, leader] = await pair();
    follower.answer(follows());
    expect(await connect(follower.port, { hosts: BOTH }).report(report, never())).toMatchObject({ epoch: 1 });
    expect(leader.requests).toHaveLength(1);
  });

  test('where nothing listens, the other address is asked at once', async () => {
    const [first, second] = await pair();
    await first.close();
    expect(await connect(second.port, { hosts: BOTH }).report(report, never())).toMatchObject({ epoch: 1 });
  });

  test.each([
    ['nobody leads', () => [follows(), follows()] as const],
    ['each says that the other leads', (a: string, b: string) => [follows(b), follows(a)] as const],
    ['each says that it leads itself', (a: string, b: string) => [follows(a), follows(b)] as const],
    ['both name one that is gone', () => [follows('127.0.0.3:1'), follows('127.0.0.3:1')] as const],
  ])('while %s each is asked once, and then the request has failed', async (_how, answers) => {
    const [first, second] = await pair();
    const [one, other] = answers(first.address, second.address);
    first.answer(one);
    second.answer(other);
    const error = await failure(connect(first.port, { hosts: BOTH }).report(report, never()));
    expect(['NotLeader', 'Unreachable']).toContain(error.code);
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  test('a hint that leads from replica to replica is followed only so far', async () => {
    const [first, second] = await pair();
    const more = await Promise.all(
      ['127.0.0.3', '127.0.0.4', '127.0.0.5'].map(host => replica({ host, port: first.port })),
    );
    const ring = [first, second, ...more];
    ring.forEach((at, i) => at.answer(follows(ring[(i + 1) % ring.length]?.address)));
    expect((await failure(connect(first.port).report(report, never()))).code).toBe('NotLeader');
    expect(ring.reduce((sum, at) => sum + at.requests.length, 0)).toBe(4);
  });

  test('a leader that is about to stop is not asked again before the others', async () => {
    const [first, second] = await pair();
    first.answer(refuses(503, 'ShuttingDown'));
    const client = connect(first.port, { hosts: BOTH });
    expect((await failure(client.report(report, never()))).code).toBe('ShuttingDown');
    expect(second.requests).toHaveLength(0);
    expect(await client.report(report, never())).toMatchObject({ epoch: 1 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  test('one that answers for a term that is over is not the leader, until five minutes have passed', async () => {
    const clock = createVirtualClock();
    const [first, second] = await pair();
    first.answer(leads(5));
    second.answer(leads(4));
    const client = connect(first.port, { hosts: BOTH, clock });
    await client.report(report, never());
    await first.close();
    const error = await failure(client.report(report, never()));
    expect([error.code, error.message]).toEqual(['NotLeader', `${second.address} answers for term 4, which is over`]);
    await clock.advance(5 * 60_000);
    expect(await client.report(report, never())).toMatchObject({ epoch: 4 });
  });

  test('what an agent is refused for a term that is over does not count', async () => {
    const [first, second] = await pair();
    first.answer(leads(5));
    const client = connect(first.port, { hosts: BOTH });
    await client.report(report, never());
    first.answer(follows(second.address));
    second.answer(refuses(409, 'OlderAgent', { epoch: 4 }));
    expect((await failure(client.report(report, never()))).code).toBe('NotLeader');
  });

  test('a poll that waits at the old leader moves to the new one with what it has', async () => {
    const [old, next] = await pair();
    const client = connect(old.port, { hosts: BOTH });
    await client.report(report, never());
    const poll = client.plan('r1', 50_000, never());
    await waitUntil(() => old.requests.length === 2, 'the poll to arrive', SOON_MS);
    old.answer(follows(next.address));
    const have: unknown[] = [];
    next.answer((request, response) => {
      if (request.method === 'POST') return leads(2)(request, response);
      have.push(request.headers['if-none-match']);
      response.writeHead(304, { 'kube-prefetch-epoch': 2 }).end();
    });
    await client.report(report, never());
    expect(await poll).toBe('unchanged');
    expect(have).toEqual(['"r1"']);
  });
});

describe('a leader that vanished without a word', () => {
  test('a request that is not answered in time ends the poll that waits there too', async () => {
    const clock = createVirtualClock();
    const server = await replica();
    const client = connect(server.port, { clock });
    await client.report(report, never());
    server.answer(() => {});
    const poll = failure(client.plan('r', 50_000, never()));
    const late = failure(client.report(report, never()));
    await waitUntil(() => server.requests.length === 3, 'both to arrive', SOON_MS);
    await clock.advance(10_000);
    expect([(await late).code, (await poll).code]).toEqual(['Unreachable', 'Unreachable']);
    expect((await poll).message).toContain(`${server.address} does not answer`);
  });

  test('one that takes no connection is given up for the other address', async () => {
    const { port, stop } = await startDeafServer();
    closing.push(stop);
    const leader = await replica({ host: '127.0.0.2', port });
    const client = connect(port, { hosts: BOTH, clock: systemClock });
    expect(await client.report(report, never())).toMatchObject({ epoch: 1 });
    expect(leader.requests).toHaveLength(1);
  });

  test('the kernel asks after it, so that a poll ends in seconds without any other request', async () => {
    const server = await replica();
    const client = connect(server.port);
    const stop = new AbortController();
    const poll = failure(client.plan('r', 50_000, stop.signal));
    await waitUntil(() => server.requests.length === 1, 'the poll to arrive', SOON_MS);
    // Until what was sent is acknowledged, the kernel waits for that.
    const { inMs } = await waitUntil(
      () => [timerTo(server.port)].find(({ kind }) => kind === 'keepalive'),
      'the kernel to keep the connection alive',
      SOON_MS,
    );
    expect(inMs).toBeLessThanOrEqual(5_000);
    stop.abort();
    await poll;
  });
});

/** A process that stands still, with as many connections waiting as the kernel takes: it drops any other. */
async function startDeafServer(): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const at = "{port: 0, host: '127.0.0.1', backlog: 1}";
  const script = `const server = require('net').createServer().listen(${at}, () => console.log(server.address().port, 'listening'))`;
  const logFile = join(scratch.path, 'deaf.log');
  const child = await startChild({ name: 'deaf server', command: process.execPath, args: ['-e', script], logFile });
  const listening = () => /^(\d+) listening$/m.exec(readFileSync(logFile, 'utf8'))?.[1];
  const port = Number(await waitUntil(listening, 'the deaf server', SOON_MS, { child }));
  process.kill(child.pid, 'SIGSTOP');
  const waiting = [1, 2, 3, 4].map(() => createConnection(port, '127.0.0.1').on('error', () => {}));
  await waitUntil(() => waiting.filter(socket => socket.readyState === 'open').length >= 2, 'a full queue', SOON_MS);
  const stop = async () => {
    for (const socket of waiting) socket.destroy();
    await child.kill();
  };
  return { port, stop };
}

/** What the kernel waits for on our connection to that port of 127.0.0.1, by /proc/net/tcp. */
function timerTo(port: number): { kind: string; inMs: number } {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const row = rows.map(line => line.trim().split(/\s+/)).find(cells => cells[2] === remote && cells[3] === '01');
  const [timer = '', when = ''] = row?.[5]?.split(':') ?? [];
  const kinds: Record<string, string> = { '00': 'none', '01': 'retransmission', '02': 'keepalive' };
  return { kind: kinds[timer] ?? timer, inMs: Number.parseInt(when, 16) * 10 };
}
