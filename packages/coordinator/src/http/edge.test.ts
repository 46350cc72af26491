import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { planBytes } from '@kube-prefetch/core';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { type Log, silentLog } from '@kube-prefetch/process';
import { MAX_BODY_BYTES, messageParser, type Plan, Problem } from '@kube-prefetch/protocol';
import type { VirtualClock } from '@kube-prefetch/time/testing';
import { expect, test, vi } from 'vitest';
import { aCell, aReport, startVirtualLine } from '../../testing/index.ts';
import { adminApp } from './admin.ts';
import { agentsApp } from './agents.ts';
import { opsApp } from './ops.ts';

async function startEdge({ empty = false } = {}) {
  const line = startVirtualLine();
  const { coordinator, clock } = line;
  const lines: string[] = [];
  const note = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log = { ...silentLog, info: note('info'), debug: note('debug'), error: note('error') } as Log;
  const parts = { clock, log, metrics: coordinator.metrics };
  if (!empty) {
    await line.show(
      aState({
        resources: [aResource({ spec: { images: ['r.example:5000/team/app:1', 'a:1'] } })],
        nodes: [aNode({ name: 'n1' }), aNode({ name: `${'long-'.repeat(40)}node` })],
      }),
    );
  }
  return {
    ...line,
    lines,
    agents: agentsApp(coordinator, parts),
    admin: adminApp(coordinator, parts),
    ops: opsApp(coordinator, parts),
    plan: coordinator.line.fleet.node('n1')?.home.plan as Plan,
  };
}

const json = { 'content-type': 'application/json' };
const parseProblem = messageParser(Problem, 'problem');

test('a plan travels as the very bytes that its revision hashes, under an ETag', async () => {
  const { agents, plan } = await startEdge();
  const answer = await agents.inject({ url: '/v1/nodes/n1/plan' });
  expect([answer.statusCode, answer.headers.etag, answer.body]).toEqual([200, `"${plan.revision}"`, planBytes(plan)]);
});

test('a plan is zipped for who reads that', async () => {
  const { agents, plan } = await startEdge();
  const headers = { 'accept-encoding': 'gzip, br' };
  const answer = await agents.inject({ url: '/v1/nodes/n1/plan', headers });
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(answer.rawPayload).toString()).toBe(planBytes(plan));
});

test('the connection of a long report ends with the next poll that brings no plan, and no other does', async () => {
  const { agents, plan } = await startEdge();
  await agents.listen({ host: '127.0.0.1', port: 0 });
  const { port } = agents.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = async (method: string, path: string, body?: object, more: object = {}) => {
    const headers = { ...(body && json), ...more };
    const sent = request({ agent, port, host: '127.0.0.1', method, path: `/v1/nodes/n1/${path}`, headers });
    sent.end(body && JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await answer.toArray();
    return [answer.statusCode, answer.headers.connection];
  };
  const poll = () => send('GET', 'plan?wait=0', undefined, { 'if-none-match': `"${plan.revision}"` });
  const many = Array.from({ length: 200 }, (_, i) => aCell({ image: `registry.example/shop/web:${i}` }));

  expect(await send('POST', 'report', aReport({ sequence: 1 }))).toEqual([200, 'keep-alive']);
  expect(await poll()).toEqual([304, 'keep-alive']);
  expect(await send('POST', 'report', aReport({ sequence: 2, cells: many }))).toEqual([200, 'keep-alive']);
  expect(await send('GET', 'plan?wait=0')).toEqual([200, 'keep-alive']);
  expect(await poll()).toEqual([304, 'close']);
  expect(await poll()).toEqual([304, 'keep-alive']);
  agent.destroy();
  await agents.close();
});

test.each([
  ['the revision', (revision: string) => `"${revision}"`, 304],
  ['the revision as a weak tag', (revision: string) => `W/"${revision}"`, 304],
  ['another revision', () => '"another"', 200],
  ['no quotes', (revision: string) => revision, 200],
  ['a list', (revision: string) => `"x", "${revision}"`, 200],
])('If-None-Match with %s', async (_case, header, status) => {
  const { agents, plan } = await startEdge();
  const headers = { 'if-none-match': header(plan.revision) };
  const answer = await agents.inject({ url: '/v1/nodes/n1/plan', headers });
  expect([answer.statusCode, answer.headers.etag]).toEqual([status, `"${plan.revision}"`]);
});

test('a poll waits as long as it says', async () => {
  const { agents, plan, clock } = await startEdge();
  const headers = { 'if-none-match': `"${plan.revision}"` };
  let status = 0;
  void agents.inject({ url: '/v1/nodes/n1/plan?wait=12.5', headers }).then(answer => {
    status = answer.statusCode;
  });
  await waiting(clock, () => clock.sleepers() > 2);
  await clock.advance(12_499);
  expect(status).toBe(0);
  await clock.advance(1);
  await waiting(clock, () => status !== 0);
  expect(status).toBe(304);
});

test('a poll whose connection closes is let go', async () => {
  const { agents, coordinator, plan, clock } = await startEdge();
  const sleepers = clock.sleepers();
  const closing = new AbortController();
  const headers = { 'if-none-match': `"${plan.revision}"` };
  const poll = agents.inject({ url: '/v1/nodes/n1/plan?wait=50', headers, signal: closing.signal }).catch(() => {});
  await waiting(clock, () => coordinator.line.fleet.node('n1')?.poll !== undefined);
  closing.abort();
  await waiting(clock, () => coordinator.line.fleet.node('n1')?.poll === undefined);
  await poll;
  expect(clock.sleepers()).toBe(sleepers);
});

test.each([
  ['malformed JSON', { payload: '{"agent":', headers: json }, 400, 'InvalidRequest', 'JSON'],
  ['an empty body', { payload: '', headers: json }, 400, 'InvalidRequest', 'empty'],
  [
    'a body that is not JSON',
    { payload: 'a=b', headers: { 'content-type': 'text/plain' } },
    400,
    'InvalidRequest',
    'application/json',
  ],
  ['__proto__ in a body', { payload: '{"__proto__":{}}', headers: json }, 400, 'InvalidRequest', ''],
  ['missing fields', { payload: '{}', headers: json }, 400, 'InvalidRequest', 'agent'],
  ['a field out of bounds', { payload: { ...aReport(), sequence: 0 } }, 400, 'InvalidRequest', 'sequence'],
  [
    'a body that is too large',
    { payload: ' '.repeat(MAX_BODY_BYTES + 1), headers: json },
    413,
    'BodyTooLarge',
    `${MAX_BODY_BYTES}`,
  ],
])('%s is answered with a Problem', async (_case, request, status, code, words) => {
  const { agents, lines } = await startEdge();
  const answer = await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', ...request });
  const problem = parseProblem(answer.json());
  expect([answer.statusCode, problem.code]).toEqual([status, code]);
  expect(problem.message).toContain(words);
  expect(lines.filter(line => line.startsWith('error'))).toEqual([]);
});

test.each([
  ['millions of empty cells', () => `{"cells":[${'{},'.repeat(2_700_000)}{}]}`, 400],
  ['millions of numbers under a name of no message', () => `{"more":[${'1,'.repeat(4_000_000)}1]}`, 400],
  [
    'thousands of names',
    () => JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [i, i]))),
    400,
  ],
  ['lists in lists in lists', () => '['.repeat(8_000_000), 400],
  ['text full of brackets', () => JSON.stringify({ ...aReport(), more: '[{,'.repeat(1_000_000) }), 200],
])('a body of %s is judged before it is parsed', async (_case, payload, status) => {
  const { agents } = await startEdge();
  const parse = vi.spyOn(JSON, 'parse');
  const answer = await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', headers: json, payload: payload() });
  const parsed = parse.mock.calls.length;
  parse.mockRestore();
  expect([answer.statusCode, parsed]).toEqual([status, status === 200 ? 1 : 0]);
});

test.each([
  ['/v1/nodes/n1/leases', 4 * 1024 * 1024],
  ['/v1/nothing', 2_000],
])('a route takes no larger body than it needs: %s', async (url, bytes) => {
  const { agents } = await startEdge();
  const answer = await agents.inject({ method: 'POST', url, headers: json, payload: ' '.repeat(bytes) });
  expect(answer.statusCode).toBe(413);
});

test.each<[string, (good: Buffer) => Buffer, string, string]>([
  ['nothing', () => Buffer.alloc(0), 'InvalidRequest', 'gzipped JSON'],
  ['its middle cut out', good => cut(good), 'InvalidRequest', 'gzipped JSON'],
  ['a length that is too small', good => claiming(good, 100), 'InvalidRequest', 'gzipped JSON'],
  ['a length that is too large', good => claiming(good, 100_000), 'InvalidRequest', 'gzipped JSON'],
  ['a length of zero', good => claiming(good, 0), 'InvalidRequest', 'gzipped JSON'],
  ['a length of 4 GiB', good => claiming(good, 2 ** 32 - 1), 'BodyTooLarge', `${MAX_BODY_BYTES}`],
  ['more than it may', () => gzipSync(' '.repeat(MAX_BODY_BYTES + 1)), 'BodyTooLarge', `${MAX_BODY_BYTES}`],
  ['two in one', good => Buffer.concat([good, good]), 'InvalidRequest', 'gzipped JSON'],
  ['no JSON', () => gzipSync('{'), 'InvalidRequest', 'valid JSON'],
])('a zipped report with %s is answered with a Problem', async (_case, spoil, code, words) => {
  const { agents } = await startEdge();
  const { payload, ...request } = zipped(aReport());
  const url = '/v1/nodes/n1/report';
  expect((await agents.inject({ method: 'POST', url, ...request, payload })).statusCode).toBe(200);
  const answer = await agents.inject({ method: 'POST', url, ...request, payload: spoil(payload) });
  const problem = parseProblem(answer.json());
  expect(problem.code).toBe(code);
  expect(problem.message).toContain(words);
});

/** As an agent sends it. */
function zipped(message: object) {
  return { headers: { ...json, 'content-encoding': 'gzip' }, payload: gzipSync(JSON.stringify(message)) };
}

function cut(good: Buffer): Buffer {
  return Buffer.concat([good.subarray(0, 30), good.subarray(-8)]);
}

function claiming(good: Buffer, bytes: number): Buffer {
  const spoilt = Buffer.from(good);
  spoilt.writeUInt32LE(bytes, spoilt.length - 4);
  return spoilt;
}

test('what is zipped in another way is refused', async () => {
  const { agents } = await startEdge();
  const headers = { ...json, 'content-encoding': 'br' };
  const answer = await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', headers, payload: 'x' });
  expect(parseProblem(answer.json()).message).toBe('expected a body of content-encoding gzip or none, got "br"');
});

test.each([
  ['as it is', ' '.repeat(MAX_BODY_BYTES), json],
  ['zipped', gzipSync(' '.repeat(MAX_BODY_BYTES)), { ...json, 'content-encoding': 'gzip' }],
])(
  'a node that sends more than it may, %s, is told so before its body is read, and may go on after a while',
  async (_case, payload, headers) => {
    const { agents, clock } = await startEdge();
    const post = async () =>
      (await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', headers, payload })).json().code as string;
    expect([await post(), await post(), await post()]).toEqual(['InvalidRequest', 'InvalidRequest', 'Overloaded']);
    await clock.advance(10_000);
    expect(await post()).toBe('InvalidRequest');
  },
);

test.each([
  ['its plan', 300, { method: 'GET', url: '/v1/nodes/n1/plan' }],
  [
    'credentials of many images',
    3,
    {
      method: 'POST',
      url: '/v1/nodes/n1/credentials',
      payload: { images: Array.from({ length: 64 }, (_, n) => ({ image: `a:${n}` })) },
    },
  ],
] as const)(
  'a node that asks for %s without a pause is refused after a while, and other nodes are not',
  async (_what, times, request) => {
    const { agents, clock } = await startEdge();
    const statuses: number[] = [];
    for (let n = 0; n < times; n++) statuses.push((await agents.inject(request)).statusCode);
    expect(statuses.filter(status => status !== 200)).toEqual(Array(statuses.length - statuses.indexOf(503)).fill(503));
    const other = `/v1/nodes/${'long-'.repeat(40)}node/plan`;
    expect((await agents.inject({ url: other })).statusCode).toBe(200);
    await clock.advance(10_000);
    expect((await agents.inject(request)).statusCode).toBe(200);
  },
);

test.each([
  ['/v1/nodes/n1/plan?wait=56', 400, 'InvalidRequest'],
  ['/v1/nodes/n1/plan?wait=-1', 400, 'InvalidRequest'],
  ['/v1/nodes/n1/plan?wait=1e1', 400, 'InvalidRequest'],
  ['/v1/nodes/n1/plan?wait=', 400, 'InvalidRequest'],
  ['/v1/nodes/n1/plan?wait=1&wait=2', 400, 'InvalidRequest'],
  ['/v1/nodes/n2/plan', 404, 'UnknownNode'],
  ['/v1/nodes/..%2Fn1/plan', 404, 'UnknownNode'],
  ['/v1/nodes/%zz/plan', 400, 'InvalidRequest'],
  [`/v1/nodes/${'x'.repeat(2_000)}/plan`, 400, 'InvalidRequest'],
  ['/v1/nodes/n1', 404, 'UnknownRoute'],
  ['/v1/overview', 404, 'UnknownRoute'],
  ['/metrics', 404, 'UnknownRoute'],
])('GET %s of the agents is %i %s', async (url, status, code) => {
  const { agents } = await startEdge();
  const answer = await agents.inject({ url });
  expect([answer.statusCode, parseProblem(answer.json()).code]).toEqual([status, code]);
});

test('unknown fields of a report are left alone', async () => {
  const { agents } = await startEdge();
  const payload = { ...aReport(), colour: 'blue' };
  const answer = await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', payload });
  expect(answer.json()).toEqual({ epoch: 1, sendFull: false });
});

test('a node name as long as Kubernetes allows is served', async () => {
  const { agents } = await startEdge();
  expect((await agents.inject({ url: `/v1/nodes/${'long-'.repeat(40)}node/plan` })).statusCode).toBe(200);
});

test('a failure of ours is logged, and its words stay here', async () => {
  const { admin, lines, coordinator } = await startEdge();
  coordinator.line.fleet.nodes = () => {
    throw new Error('password=hunter2');
  };
  const answer = await admin.inject({ url: '/v1/overview' });
  expect([answer.statusCode, parseProblem(answer.json()).code]).toEqual([500, 'Internal']);
  expect(answer.body).not.toContain('hunter2');
  expect(lines.filter(line => line.startsWith('error request failed'))).toHaveLength(1);
});

test('one log line per request: polls and probes at debug, people at info', async () => {
  const { agents, admin, ops, lines } = await startEdge();
  await agents.inject({ url: '/v1/nodes/n1/plan' });
  await ops.inject({ url: '/healthz' });
  await admin.inject({ url: '/v1/overview' });
  expect(lines.filter(line => line.includes('request answered')).map(line => line.split(' ')[0])).toEqual([
    'debug',
    'debug',
    'info',
  ]);
});

test.each(['ops', 'admin', 'agents'] as const)(
  'strangers do not fill the log through the %s listener',
  async listener => {
    const edge = await startEdge();
    const url = `/${'x'.repeat(1_500)}`;
    for (let i = 0; i < 200; i++) await edge[listener].inject({ url });
    expect(edge.lines.length).toBeLessThanOrEqual(20);
    expect(Math.max(...edge.lines.map(({ length }) => length))).toBeLessThan(500);
    await edge.clock.advance(60_000);
    await edge[listener].inject({ url });
    expect(edge.lines.at(-1)).toContain('"skipped":180');
  },
);

test('whoever fills the log keeps nobody else out of it, and many together do not fill it either', async () => {
  const { ops, lines } = await startEdge();
  const knock = (remoteAddress: string) => ops.inject({ url: '/nothing', remoteAddress });
  for (let i = 0; i < 200; i++) await knock('10.0.0.1');
  const loud = lines.length;
  await knock('10.0.0.2');
  expect(loud).toBe(20);
  expect(lines.at(-1)).toMatch(/"from":"10\.0\.0\.2".*"skipped":180/);
  for (let i = 0; i < 2_000; i++) await knock(`10.1.${i >> 8}.${i & 255}`);
  expect(lines.length).toBeLessThanOrEqual(200);
});

test('metrics are computed once a second, however often they are read', async () => {
  const { ops, coordinator, clock } = await startEdge();
  const expose = vi.spyOn(coordinator, 'exposeMetrics');
  for (let i = 0; i < 20; i++) await ops.inject({ url: '/metrics' });
  expect(expose).toHaveBeenCalledTimes(1);
  await clock.advance(1_000);
  await ops.inject({ url: '/metrics' });
  expect(expose).toHaveBeenCalledTimes(2);
});

test.each(['/v1/images/r.example:5000/team/app:1', '/v1/images/r.example:5000%2Fteam%2Fapp:1'])(
  'an image has slashes of its own: %s',
  async url => {
    const { admin } = await startEdge();
    expect((await admin.inject({ url })).json()).toMatchObject({ image: 'r.example:5000/team/app:1' });
  },
);

/** As a browser does whose page has a name that was made to lead to a loopback address. */
test.each([
  ['localhost:8080', 200],
  ['127.0.0.1:7071', 200],
  ['127.1.2.3', 200],
  ['[::1]:7071', 200],
  ['evil.example:7071', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.evil.example:7071', 403],
  ['10.0.0.1:7071', 403],
])('a listener without authentication answers a request for the host %s with %i', async (host, status) => {
  const { admin, agents } = await startEdge();
  const headers = { host };
  expect((await admin.inject({ url: '/v1/overview', headers })).statusCode).toBe(status);
  expect((await agents.inject({ url: '/v1/nodes/n1/plan', headers })).statusCode).toBe(status);
});

test.each([
  ['', 200, 1],
  ['?name=web', 200, 1],
  ['?name=gone&name=web&namespace=shop', 200, 1],
  ['?name=gone', 200, 0],
  [`?${'name=x&'.repeat(101)}`, 400, undefined],
  ['?namespace=a&namespace=b', 400, undefined],
])('resources%s', async (query, status, count) => {
  const { admin } = await startEdge();
  const answer = await admin.inject({ url: `/v1/resources${query}` });
  expect([answer.statusCode, answer.json<{ resources?: unknown[] }>().resources?.length]).toEqual([status, count]);
});

test('the overview is read on the admin listener', async () => {
  const { admin } = await startEdge();
  expect((await admin.inject({ url: '/v1/overview' })).json()).toMatchObject({ epoch: 1, nodes: [{}, { name: 'n1' }] });
  expect((await admin.inject({ url: '/v1/nodes/n1' })).json()).toMatchObject({ name: 'n1' });
});

test.each([
  [true, '/healthz', 200],
  [true, '/readyz', 503],
  [false, '/healthz', 200],
  [false, '/readyz', 200],
])('with an empty source: %s, %s is %i', async (empty, url, status) => {
  const { ops } = await startEdge({ empty });
  expect((await ops.inject({ url })).statusCode).toBe(status);
});

test('readiness tells what is wrong with the authority, and fails once nobody can be served', async () => {
  const line = await startEdge();
  const { coordinator, clock } = line;
  let good = true;
  const parts = { clock, log: silentLog, metrics: coordinator.metrics };
  const ops = opsApp(coordinator, { ...parts, serving: () => good, authorityProblem: () => 'it is spoilt' });
  const ready = await ops.inject({ url: '/readyz' });
  expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ok', authority: 'it is spoilt' }]);
  good = false;
  const unready = await ops.inject({ url: '/readyz' });
  expect([unready.statusCode, unready.json().authority]).toEqual([503, 'it is spoilt']);
});

test('a line that has stopped passing makes the process unhealthy', async () => {
  const { ops, endTerm, coordinator, clock } = await startEdge();
  await endTerm();
  coordinator.line.open({ epoch: 2, signal: new AbortController().signal });
  await clock.advance(600_000);
  expect((await ops.inject({ url: '/healthz' })).statusCode).toBe(503);
});

test('metrics show the fleet as it is when they are read', async () => {
  const { ops, agents, source } = await startEdge();
  await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', payload: aReport() });
  source.set({ ...aState(), gaps: ['one', 'two'] });
  const { body } = await ops.inject({ url: '/metrics' });
  expect(body).toContain('kube_prefetch_coordinator_cells{state="Unknown"} 4');
  expect(body).toContain('kube_prefetch_coordinator_nodes{agent="reporting"} 1');
  expect(body).toContain('kube_prefetch_coordinator_reports_total{outcome="used"} 1');
  expect(body).toContain('kube_prefetch_coordinator_source_gaps 2');
  expect(body).toContain('http_requests_total{route="/v1/nodes/:node/report",status="200"} 1');
});

/** Requests pass through Node's own queues, which advancing by nothing lets run. */
async function waiting(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(0);
}
