import { createHmac, createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { get as getOverTls } from 'node:https';
import { createTokenIdentity } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { aPrefetch, aPullSecret } from '@kube-prefetch/cluster/testing';
import { anAgent, aReport } from '@kube-prefetch/coordinator/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import type { CredentialsAnswer } from '@kube-prefetch/protocol';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  type AskOptions,
  ask,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  type Replica,
  startReplica,
} from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const AUDIENCE = 'kube-prefetch';
const HERE = '127.0.0.1';

let scratch: ScratchFolder;
let server: ApiServer;
let replica: Replica;
let ca: string;

beforeAll(async () => {
  scratch = scratchFolder('identity');
  server = await startApiServer({ folder: `${scratch.path}/api-server` });
  await prepareCluster(server, ['n1', 'n2']);
  replica = await startReplica(server, scratch.path, 'coordinator-a');
  ca = await publishedCa(server);
});

afterAll(async () => {
  await replica?.child.stop();
  await server?.close();
  scratch?.remove();
});

test('an agent is served its own plan, and told the term', async () => {
  const { status, headers } = await askLeader({ token: await tokenOf(await createPod('own', 'n1')), ca });
  expect([status, headers['kube-prefetch-epoch']]).toEqual([200, expect.stringMatching(/^[1-9]\d*$/)]);
});

test.each([['/v1/nodes/n1/plan'], ['/v1/nodes/n1/report'], ['/v1/nodes/n1/leases'], ['/v1/nodes/n9/plan']])(
  'the agent of another node is refused %s',
  async path => {
    const token = await tokenOf(await createPod('other', 'n2'));
    const body = path.endsWith('plan') ? undefined : aReport();
    const answer = await askLeader({ path, token, ca, body });
    expect([answer.status, answer.body.code]).toEqual([403, 'Forbidden']);
    expect(answer.body.message).toContain('runs on the node "n2"');
  },
);

test('a stolen token gets the credentials of its own node, none of another, and no Secret from the API server itself', async () => {
  await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  for (const node of ['n1', 'n2']) {
    await server.kubectl('patch', 'node', node, '--subresource=status', `--patch=${ready}`);
    const metadata = { namespace: 'shop', name: `of-${node}` };
    await server.apply([
      { apiVersion: 'v1', kind: 'Secret', metadata, ...aPullSecret({ 'r.example': `password of ${node}` }) },
      aPrefetch(`of-${node}`, {
        images: [`r.example/${node}:1`],
        imagePullSecrets: [{ name: `of-${node}` }],
        nodes: { names: [node] },
      }),
    ]);
  }
  const stolen = await tokenOf(await createPod('stolen', 'n1'));
  const everything = { images: ['n1', 'n2', 'n9'].map(node => ({ image: `r.example/${node}:1`, refused: true })) };
  const askFor = (node: string) =>
    askLeader({ path: `/v1/nodes/${node}/credentials`, token: stolen, ca, body: everything });
  const own = await waitUntil(
    async () => {
      const { body } = await askFor('n1');
      return (body as CredentialsAnswer).images.length > 0 && body;
    },
    'the credentials of its own node',
    SOON_MS,
  );
  expect(own).toMatchObject({ images: [{ image: 'r.example/n1:1', credentials: [{ password: 'password of n1' }] }] });
  expect((own as CredentialsAnswer).images).toHaveLength(1);
  const ofAnother = await askFor('n2');
  expect([ofAnother.status, JSON.stringify([own, ofAnother.body]).includes('of-n2')]).toEqual([403, false]);

  const meantForApi = await tokenOf({ ...(await createPod('stolen-too', 'n1')) }, '');
  const statuses = ['secrets/of-n1', 'secrets', 'pods'].flatMap(what =>
    [stolen, meantForApi].map(token => statusOf(what, token)),
  );
  expect(await Promise.all(statuses)).toEqual([401, 403, 401, 403, 401, 403]);
});

/** What the API server says to who asks it for that of the namespace shop. */
function statusOf(what: string, token: string): Promise<number | undefined> {
  const url = `${server.url}/api/v1/namespaces/shop/${what}`;
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    getOverTls(url, { ca: readFileSync(server.caFile), headers, agent: false }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });
}

test.each<[string, () => Promise<string | undefined>, number, string]>([
  ['no token', async () => undefined, 401, 'authorization'],
  ['nonsense', async () => 'nonsense', 401, 'JSON Web Token'],
  ['a token for another audience', async () => tokenOf(await createPod('a', 'n1'), 'vault'), 401, 'audience'],
  ['a token for the API server', async () => tokenOf(await createPod('b', 'n1'), ''), 401, 'audience'],
  [
    "another ServiceAccount's token, of a pod on that node",
    async () => tokenOf(await createPod('c', 'n1', 'somebody')),
    403,
    'system:serviceaccount:kube-prefetch:somebody',
  ],
  [
    'a token of the right ServiceAccount that is bound to no pod',
    () => server.createToken({ namespace: NAMESPACE, serviceAccount: 'agent', audience: AUDIENCE }),
    403,
    'bound to no pod',
  ],
  ['a token that has expired', async () => altered(await tokenOf(await createPod('d', 'n1')), hourAgo), 401, 'expired'],
  [
    'a token whose node was rewritten, signed with a key of ones own',
    async () => forged(await tokenOf(await createPod('e', 'n2'))),
    401,
    'did not sign',
  ],
  ['the token of a pod that was deleted', () => tokenOfDeletedPod('f', 'n1'), 401, 'does not accept'],
])('%s is not good enough', async (_name, token, status, words) => {
  const answer = await askLeader({ token: await token(), ca });
  expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(words)]);
});

test('a token that is signed again unchanged is good: the expired one is refused for its age', async () => {
  const token = altered(await tokenOf(await createPod('g', 'n1')), claims => claims);
  expect((await askLeader({ token, ca })).status).toBe(200);
});

test('the token of a pod that is deleted is believed for five minutes after the API server accepted it, and no longer', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock: systemClock });
  onTestFinished(() => api.close());
  const serviceAccount = { namespace: NAMESPACE, name: 'agent' };
  const { identify } = createTokenIdentity({ api, clock, audience: AUDIENCE, serviceAccount });
  const { signal } = new AbortController();
  const pod = await createPod('believed', 'n1');
  const token = await tokenOf(pod);
  await expect(identify(token, HERE, signal)).resolves.toMatchObject({ node: 'n1' });
  await server.kubectl('delete', 'pod', pod.name, `--namespace=${NAMESPACE}`, '--force', '--grace-period=0');
  // It remembers an answer for ten seconds itself.
  const isRefused = async () => !(await api.review(token, [AUDIENCE], signal)).authenticated;
  await waitUntil(isRefused, 'the API server to refuse it', SOON_MS);
  nowMs = 5 * 60_000 - 1;
  await expect(identify(token, HERE, signal)).resolves.toMatchObject({ node: 'n1' });
  nowMs += 1;
  await expect(identify(token, HERE, signal)).rejects.toMatchObject({ code: 'Unauthenticated' });
});

test('whoever trusts another authority does not speak to us', async () => {
  const apiServerCa = readFileSync(server.caFile, 'utf8');
  await expect(ask(replica, { ca: apiServerCa })).rejects.toMatchObject({
    code: expect.stringMatching(/CERT|SIGNATURE/),
  });
  await expect(ask(replica, {})).rejects.toMatchObject({ code: expect.stringMatching(/CERT|SIGNATURE/) });
});

test('plain HTTP is no answer at all', async () => {
  const [host, port] = replica.agents.split(':');
  const asking = request({ host, port, path: '/v1/nodes/n1/plan', agent: false });
  const failed = new Promise((resolve, reject) => asking.once('error', reject).once('response', resolve));
  asking.end();
  await expect(failed).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('of two pods of a node that both report, the one is heard that the API server made later, whatever they say of their start', async () => {
  const report = (token: string, agent: ReturnType<typeof anAgent>) =>
    askLeader({ path: '/v1/nodes/n2/report', token, ca, body: aReport({ agent }) });
  const older = await tokenOf(await createPod('old', 'n2'));
  const madeBy = Date.now();
  expect((await report(older, anAgent('older', 9))).status).toBe(200);
  // The API server tells the time of a creation to the second.
  await waitUntil(() => Math.floor(Date.now() / 1_000) > Math.floor(madeBy / 1_000), 'the next second', SOON_MS);
  const newer = await tokenOf(await createPod('new', 'n2'));
  expect((await report(newer, anAgent('newer', 1))).status).toBe(200);
  const refused = async (agent: string, second: number) => {
    const answer = await report(older, anAgent(agent, second));
    return [answer.status, answer.body.code];
  };
  expect(await refused('older', 9)).toEqual([409, 'OlderAgent']);
  expect(await refused('liar', 59)).toEqual([409, 'OlderAgent']);
  expect((await report(newer, anAgent('newer', 1))).status).toBe(200);
});

test('neither a token nor the private key of the authority is logged', async () => {
  const log = readFileSync(replica.child.logFile, 'utf8');
  expect(log).toContain('request answered');
  expect(log).not.toMatch(/eyJ[\w-]{20}|PRIVATE KEY|Bearer/);
});

/** It leads a while after it is ready, and again after an API server that was too busy for its renewals. */
function askLeader(options: AskOptions) {
  const answered = async () => {
    const answer = await ask(replica, options);
    return answer.status !== 421 && answer;
  };
  return waitUntil(answered, 'the coordinator to lead', SOON_MS);
}

interface Pod {
  readonly name: string;
  readonly serviceAccount: string;
}

async function createPod(name: string, nodeName: string, serviceAccount = 'agent'): Promise<Pod> {
  const spec = { nodeName, serviceAccountName: serviceAccount, containers: [{ name: 'agent', image: 'agent' }] };
  await server.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE }, spec });
  return { name, serviceAccount };
}

/** What the kubelet would project into the pod. */
function tokenOf({ name, serviceAccount }: Pod, audience = AUDIENCE): Promise<string> {
  const boundTo = { kind: 'Pod', name } as const;
  const for_ = audience === '' ? {} : { audience };
  return server.createToken({ namespace: NAMESPACE, serviceAccount, boundTo, ...for_ });
}

async function tokenOfDeletedPod(name: string, node: string): Promise<string> {
  const token = await tokenOf(await createPod(name, node));
  await server.kubectl('delete', 'pod', name, `--namespace=${NAMESPACE}`, '--force', '--grace-period=0');
  // The API server itself hears of a deletion a moment later.
  await waitUntil(async () => !(await isGood(token)), 'the token to be over', SOON_MS);
  return token;
}

async function isGood(token: string): Promise<boolean> {
  const spec = { token, audiences: [AUDIENCE] };
  const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
  const answer = await server.kubectlWith({ input: review }, 'create', '--filename=-', '--output=json');
  return JSON.parse(answer).status.authenticated === true;
}

type Claims = Record<string, unknown> & { readonly iat: number };

/** The token with other claims, signed as the API server signs. */
function altered(token: string, change: (claims: Claims) => Claims): string {
  const [head = '', payload = ''] = token.split('.');
  const text = `${head}.${encoded(change(decoded(payload)))}`;
  const signature = createSign('sha256').update(text).sign(readFileSync(server.serviceAccountKeyFile));
  return `${text}.${signature.toString('base64url')}`;
}

function hourAgo(claims: Claims): Claims {
  const atSeconds = claims.iat - 3_600;
  return { ...claims, iat: atSeconds, nbf: atSeconds, exp: atSeconds + 600 };
}

/** Says n1 where the API server said n2. */
function forged(token: string): string {
  const [head = '', payload = ''] = token.split('.');
  const text = `${head}.${Buffer.from(Buffer.from(payload, 'base64url').toString().replace('"n2"', '"n1"')).toString('base64url')}`;
  return `${text}.${createHmac('sha256', 'guess').update(text).digest('base64url')}`;
}

function decoded(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function encoded(claims: Claims): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}
