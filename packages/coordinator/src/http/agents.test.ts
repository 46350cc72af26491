import type { NodeIdentity, SecretReader } from '@kube-prefetch/cluster';
import { aPullSecret, createTwinSecrets } from '@kube-prefetch/cluster/testing';
import type { ClusterState } from '@kube-prefetch/core';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { silentLog } from '@kube-prefetch/process';
import { ApiError, messageParser, Problem } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aReport, startVirtualLine } from '../../testing/index.ts';
import { adminApp } from './admin.ts';
import { agentsApp } from './agents.ts';
import { opsApp } from './ops.ts';

const STATE = aState({
  resources: [aResource({ spec: { images: ['a:1'] } })],
  nodes: [aNode({ name: 'n1' }), aNode({ name: 'n2' })],
});

/** Whoever brings `token-of-NODE` is that node's agent. */
const identity: NodeIdentity = {
  async identify(token) {
    const node = /^token-of-(.+)$/.exec(token)?.[1];
    if (node === undefined) throw new ApiError('Unauthenticated', 'no such token');
    return { node, pod: { name: `agent-of-${node}`, uid: `uid-of-${node}` } };
  },
};

async function start(parts: StartParts = {}) {
  const line = startVirtualLine({ leader: parts.leader ?? (() => undefined), secrets: parts.secrets });
  await line.show(parts.state ?? STATE);
  const edge = { clock: line.clock, log: silentLog, metrics: line.coordinator.metrics };
  return {
    ...line,
    agents: agentsApp(line.coordinator, { ...edge, identity: parts.identity }),
    admin: adminApp(line.coordinator, edge),
    ops: opsApp(line.coordinator, edge),
  };
}

interface StartParts {
  readonly identity?: NodeIdentity;
  readonly leader?: () => string | undefined;
  readonly secrets?: SecretReader;
  readonly state?: ClusterState;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const parseProblem = messageParser(Problem, 'problem');

test.each([
  ['its own plan', '/v1/nodes/n1/plan', bearer('token-of-n1'), 200, undefined],
  ['in small letters', '/v1/nodes/n1/plan', { authorization: 'bearer token-of-n1' }, 200, undefined],
  ["another node's plan", '/v1/nodes/n2/plan', bearer('token-of-n1'), 403, 'Forbidden'],
  ['a node that is not there', '/v1/nodes/n9/plan', bearer('token-of-n1'), 403, 'Forbidden'],
  ['a plan, encoded', '/v1/nodes/n%31/plan', bearer('token-of-n1'), 200, undefined],
  ['no token', '/v1/nodes/n1/plan', {}, 401, 'Unauthenticated'],
  ['an empty token', '/v1/nodes/n1/plan', { authorization: 'Bearer ' }, 401, 'Unauthenticated'],
  ['two tokens', '/v1/nodes/n1/plan', bearer('token-of-n1 token-of-n2'), 401, 'Unauthenticated'],
  ['another scheme', '/v1/nodes/n1/plan', { authorization: 'Basic token-of-n1' }, 401, 'Unauthenticated'],
  ['a huge token', '/v1/nodes/n1/plan', bearer(`token-of-${'n'.repeat(20_000)}`), 401, 'Unauthenticated'],
  ['an unknown token', '/v1/nodes/n1/plan', bearer('nonsense'), 401, 'Unauthenticated'],
  ['an unknown route', '/v1/secrets', {}, 401, 'Unauthenticated'],
])('asked for %s', async (_case, url, headers, status, code) => {
  const { agents } = await start({ identity });
  const answer = await agents.inject({ url, headers });
  expect(answer.statusCode).toBe(status);
  if (code !== undefined) expect(parseProblem(answer.json()).code).toBe(code);
});

test.each(['report', 'leases', 'credentials'])('nobody posts a %s for another node', async route => {
  const { agents, coordinator } = await start({ identity });
  const url = `/v1/nodes/n2/${route}`;
  const answer = await agents.inject({ method: 'POST', url, headers: bearer('token-of-n1'), payload: aReport() });
  expect([answer.statusCode, coordinator.line.fleet.node('n2')?.heard]).toEqual([403, undefined]);
});

test("a stolen token gets the credentials of its own node's plan, whatever it asks for, and no others", async () => {
  const secrets = createTwinSecrets();
  const onNode = (node: string) => {
    secrets.hold(`${node}/regcred`, aPullSecret({ 'r.example': `for ${node}` }));
    const spec = { images: [`r.example/${node}:1`], imagePullSecrets: [{ name: 'regcred' }] };
    const nodes = { names: [node], placement: 'Eligible' as const };
    return aResource({ ref: { kind: 'Prefetch', namespace: node, name: 'all' }, spec: { ...spec, nodes } });
  };
  const state = { ...STATE, resources: ['n1', 'n2'].map(onNode), ownNamespace: 'kube-prefetch' };
  const { agents } = await start({ identity, secrets, state });
  const images = ['r.example/n1:1', 'r.example/n2:1', 'r.example/n3:1'].map(image => ({ image }));
  const ask = (node: string) =>
    agents.inject({
      method: 'POST',
      url: `/v1/nodes/${node}/credentials`,
      headers: bearer('token-of-n1'),
      payload: { images },
    });
  const own = await ask('n1');
  expect(own.json()).toMatchObject({ images: [{ image: 'r.example/n1:1', credentials: [{ password: 'for n1' }] }] });
  expect(own.body).not.toContain('n2');
  expect((await ask('n2')).statusCode).toBe(403);
  expect(secrets.reads).toEqual(['n1/regcred']);
});

test('who asks is found out before a body is read', async () => {
  const { agents } = await start({ identity });
  const headers = { 'content-type': 'application/json' };
  const answer = await agents.inject({ method: 'POST', url: '/v1/nodes/n1/report', headers, payload: '{"agent":' });
  expect(answer.statusCode).toBe(401);
});

test('that nobody could be asked is no refusal', async () => {
  const away = { identify: () => Promise.reject(new ApiError('IdentityUnavailable', 'the API server is away')) };
  const { agents } = await start({ identity: away });
  const answer = await agents.inject({ url: '/v1/nodes/n1/plan', headers: bearer('token-of-n1') });
  expect([answer.statusCode, answer.json().code]).toEqual([503, 'IdentityUnavailable']);
});

test('every answer of a term says which it is, refusals too', async () => {
  const { agents } = await start({ identity });
  const answers = await Promise.all([
    agents.inject({ url: '/v1/nodes/n1/plan', headers: bearer('token-of-n1') }),
    agents.inject({ url: '/v1/nodes/n1/plan' }),
  ]);
  expect(answers.map(({ headers }) => headers['kube-prefetch-epoch'])).toEqual(['1', '1']);
});

test.each([
  ['the leader is known', () => '10.0.0.2:7070', 421, 'NotLeader', '10.0.0.2:7070'],
  ['nobody is known to lead yet', () => undefined, 503, 'ShuttingDown', undefined],
])('after its term, while %s', async (_case, leader, status, code, address) => {
  const { agents, admin, ops, endTerm } = await start({ identity, leader });
  await endTerm();
  for (const answer of [
    await agents.inject({ url: '/v1/nodes/n1/plan', headers: bearer('token-of-n1') }),
    await agents.inject({ url: '/v1/nodes/n1/plan' }),
    await admin.inject({ url: '/v1/overview' }),
    await admin.inject({ url: '/v1/nodes/n1' }),
    await admin.inject({ url: '/v1/images/a:1' }),
  ]) {
    const problem = parseProblem(answer.json());
    expect([answer.statusCode, problem.code, problem.leader]).toEqual([status, code, address]);
    expect(answer.headers['kube-prefetch-epoch']).toBeUndefined();
  }
  expect((await ops.inject({ url: '/readyz' })).statusCode).toBe(200);
  const { body } = await ops.inject({ url: '/metrics' });
  expect(body).toContain('kube_prefetch_coordinator_leader 0');
  expect(body).toContain('kube_prefetch_coordinator_nodes{agent="none"} 0');
});

test('another term starts with an empty fleet, and plans at once from what was read all the time', async () => {
  const { agents, coordinator, endTerm, beginTerm, clock, source } = await start({ leader: () => 'other:7070' });
  await coordinator.forNode('n1').report(aReport(), new AbortController().signal);
  await endTerm();
  source.set({ ...STATE, nodes: [aNode({ name: 'n3' })] });
  await clock.advance(60_000);
  beginTerm(4);
  await clock.advance(0);
  const answer = await agents.inject({ url: '/v1/nodes/n3/plan' });
  expect([answer.statusCode, answer.headers['kube-prefetch-epoch']]).toEqual([200, '4']);
  expect(coordinator.line.fleet.node('n1')).toBeUndefined();
});
