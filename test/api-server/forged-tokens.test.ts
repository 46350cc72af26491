import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  createAgentToken,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  type Replica,
  startReplica,
} from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

/** `FORGED_SECONDS=60` for a minute. */
const SECONDS = Number(process.env.FORGED_SECONDS ?? 10);
const A_SECOND = 500;
const CONNECTIONS = 16;
const MOST_GROWTH_MIB = 100;
/** Of the memory, in the time of the attack. */
const SAMPLES = 10;

let scratch: ScratchFolder;
let server: ApiServer;
let replica: Replica;
let ca: string;
let token: string;

beforeAll(async () => {
  scratch = scratchFolder('forged-tokens');
  server = await startApiServer({ folder: `${scratch.path}/api-server` });
  await prepareCluster(server, ['n1']);
  replica = await startReplica(server, scratch.path, 'coordinator-a');
  ca = await publishedCa(server);
  token = await createAgentToken(server, 'n1');
  await waitUntil(async () => (await ask(replica, { ca, token })).status === 200, 'the coordinator to lead', SOON_MS);
});

afterAll(async () => {
  await replica?.child.stop();
  await server?.close();
  scratch?.remove();
});

test('every ServiceAccount may read the keys that tokens are signed with', async () => {
  const as = `--as=system:serviceaccount:${NAMESPACE}:somebody`;
  expect(
    await server.kubectl('auth', 'can-i', 'get', '/openid/v1/jwks', as, `--as-group=system:serviceaccounts`),
  ).toContain('yes');
});

test(`${A_SECOND} forged tokens a second cost the API server at most five reviews a second, and no agent notices`, async () => {
  const before = { reviews: await reviews(), mib: residentMiB() };
  const agents = await Promise.all(['n2', 'n3'].map(node => createAgentToken(server, node)));
  const quiet = await longestWait(5, agents);
  const end = performance.now() + SECONDS * 1000;
  const attack = Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => sendForged(index, end)));
  const resident = [before.mib];
  const sampling = setInterval(() => resident.push(residentMiB()), (SECONDS * 1000) / SAMPLES);
  const attacked = await longestWait(SECONDS, agents);
  clearInterval(sampling);
  const statuses = (await attack).flat();
  const cost = (await reviews()) - before.reviews;
  console.log({
    forged: statuses.length,
    seconds: SECONDS,
    reviews: cost,
    longestWaitMs: { quiet, attacked },
    residentMiB: resident,
  });
  expect(statuses.length).toBeGreaterThan(SECONDS * 50);
  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(cost).toBeLessThanOrEqual(SECONDS * 5);
  expect(residentMiB() - before.mib).toBeLessThan(MOST_GROWTH_MIB);
});

/** Sends new tokens until then, each with a claim of its own, from an address of its own. */
async function sendForged(index: number, endMs: number): Promise<readonly number[]> {
  const connections = new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.1.${index + 1}` });
  const statuses: number[] = [];
  for (let due = performance.now(); due < endMs; due += (1000 / A_SECOND) * CONNECTIONS) {
    const answer = await ask(replica, { ca, token: forged(statuses.length + index * 1e6), agent: connections });
    statuses.push(answer.status);
    await new Promise(resolve => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  connections.destroy();
  return statuses;
}

/** Asks as these agents do, five times a second each; throws when one is refused. */
async function longestWait(seconds: number, tokens: readonly string[]): Promise<number> {
  let longest = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const started = performance.now();
    const answers = await Promise.all(
      tokens.map((own, index) => ask(replica, { ca, token: own, path: `/v1/nodes/n${index + 2}/plan` })),
    );
    expect(answers.map(({ status, body }) => body.code ?? status)).toEqual(tokens.map(() => 'UnknownNode'));
    longest = Math.max(longest, Math.round(performance.now() - started));
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  return longest;
}

/** A good token with another number in it, and a signature that nobody can check. */
function forged(number: number): string {
  const [head = '', payload = ''] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), jti: `${number}` };
  const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${text}.${createHmac('sha256', 'guess').update(text).digest('base64url')}`;
}

async function reviews(): Promise<number> {
  const text = await (await fetch(`${replica.ops}/metrics`)).text();
  const samples = text.matchAll(/api_requests_total\{verb="create",resource="tokenreviews[^}]+\} (\d+)/g);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

function residentMiB(): number {
  const pages = Number(readFileSync(`/proc/${replica.child.pid}/statm`, 'utf8').split(' ')[1]);
  return Math.round((pages * 4096) / 2 ** 20);
}
