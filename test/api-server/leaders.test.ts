import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { LEASES } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  type Answer,
  ask,
  createAgentToken,
  isReady,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  type Replica,
  startReplica,
} from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const LEASE_MS = 15_000;

let scratch: ScratchFolder;
let server: ApiServer;
let token: string;
let ca: string;
let names = 0;
let replicas: Replica[];

beforeAll(async () => {
  scratch = scratchFolder('leaders');
  server = await startApiServer({ folder: `${scratch.path}/api-server` });
  await prepareCluster(server, ['n1']);
  token = await createAgentToken(server, 'n1');
});

beforeEach(async () => {
  replicas = [await start(), await start()];
  ca = await publishedCa(server);
});

afterEach(async () => {
  await Promise.all(replicas.map(({ child }) => child.stop()));
});

afterAll(async () => {
  await server?.close();
  scratch?.remove();
});

test('one leads; the other is ready, and sends agents and people to it', async () => {
  const { leader, follower } = await parts();
  const answer = await plan(follower);
  expect([answer.status, answer.body.code, answer.body.leader]).toEqual([421, 'NotLeader', leader.agents]);
  expect(answer.body.leaderPod).toBe(`${NAMESPACE}/${leader.name}`);
  expect(answer.headers).not.toHaveProperty('kube-prefetch-epoch');
  const overview = await fetch(`${follower.admin}/v1/overview`);
  expect([overview.status, await overview.json()]).toMatchObject([421, { leader: leader.agents }]);
  expect(await isReady(follower)).toBe(true);
});

test('a leader that is killed is followed by the other, in a later term', async () => {
  const { leader, follower } = await parts();
  const before = await plan(leader);
  await leader.child.kill();
  const after = await until(follower, ({ status }) => status === 200);
  expect(epochOf(after)).toBeGreaterThan(epochOf(before));
  expect(after.headers['etag']).toBe(before.headers['etag']);
});

test('a leader that stops answers its polls, and lets go of the lease instead of letting the other wait for its end', async () => {
  const { leader, follower } = await parts();
  const holders = await followHolders();
  const poll = await heldPoll(leader, await plan(leader));
  const stopped = leader.child.stop();
  expect((await poll.answered).body.code).toBe('ShuttingDown');
  await until(follower, ({ status }) => status === 200);
  await waitUntil(() => holders.at(-1) === follower.name, 'the lease to name the other', SOON_MS);
  expect(holders).toEqual([leader.name, '', follower.name]);
  expect(await stopped).toMatchObject({ code: 0 });
});

test('a leader that is cut off from the API server stops serving before the lease could pass on, and leads again later', async () => {
  const { leader } = await parts();
  const before = await plan(leader);
  const idle = await idleConnection(leader);
  const poll = await heldPoll(leader, before);
  server.pause();
  try {
    const pausedMs = performance.now();
    expect((await poll.answered).body.code).toBe('ShuttingDown');
    // The lease is good for its length from the last renewal, which had ended when the server was paused.
    expect(performance.now() - pausedMs).toBeLessThan(LEASE_MS);
    await idle.closed;
    for (const replica of replicas) expect((await plan(replica)).status).toBeGreaterThanOrEqual(421);
    expect(await isReady(leader)).toBe(true);
  } finally {
    server.resume();
  }
  const again = await Promise.any(replicas.map(replica => until(replica, ({ status }) => status === 200)));
  expect(epochOf(again)).toBeGreaterThan(epochOf(before));
});

test('a leader that stood still answers nobody for a term that is over, also not those who asked meanwhile', async () => {
  const { leader, follower } = await parts();
  const kept = new Agent({ keepAlive: true });
  onTestFinished(() => kept.destroy());
  expect((await ask(leader, { token, ca, agent: kept })).status).toBe(200);
  process.kill(leader.child.pid, 'SIGSTOP');
  const asked = Promise.allSettled(
    [kept, undefined].flatMap(agent => {
      const body = { holding: [], wanting: [], waitMs: 0 };
      const path = '/v1/nodes/n1/leases';
      return [ask(leader, { token, ca, agent }), ask(leader, { token, ca, agent, path, body })];
    }),
  );
  try {
    await until(follower, ({ status }) => status === 200);
  } finally {
    process.kill(leader.child.pid, 'SIGCONT');
  }
  // Connections may end without an answer too.
  const answers = (await asked).map(end => (end.status === 'fulfilled' ? end.value.body.code : 'closed'));
  expect(answers.filter(code => !['NotLeader', 'ShuttingDown', 'closed'].includes(String(code)))).toEqual([]);
  expect(answers).not.toEqual(answers.map(() => 'closed'));
});

test('the authority and its publication outlive both replicas, and come back when somebody empties the ConfigMap', async () => {
  const before = ca;
  await Promise.all(replicas.map(({ child }) => child.stop()));
  await server.kubectl('patch', 'configmap', 'ca', `--namespace=${NAMESPACE}`, '--patch={"data":{"ca.crt":""}}');
  replicas = [await start(), await start()];
  expect(hash(await publishedCa(server))).toBe(hash(before));
  const { leader } = await parts();
  expect((await plan(leader)).status).toBe(200);
});

async function start(): Promise<Replica> {
  names += 1;
  return startReplica(server, scratch.path, `coordinator-${names}`);
}

/** Who is what, once somebody leads. */
async function parts(): Promise<{ leader: Replica; follower: Replica }> {
  const leader = await waitUntil(
    async () => {
      for (const replica of replicas) if ((await plan(replica)).status === 200) return replica;
      return undefined;
    },
    'one to lead',
    SOON_MS,
  );
  const follower = replicas.find(replica => replica !== leader) as Replica;
  await until(follower, ({ body }) => body.leader === leader.agents);
  return { leader, follower };
}

function plan(replica: Replica): Promise<Answer> {
  return ask(replica, { token, ca });
}

/** A poll that has arrived and waits. */
async function heldPoll(replica: Replica, { headers }: Answer): Promise<{ readonly answered: Promise<Answer> }> {
  const known = { 'if-none-match': String(headers['etag']) };
  const path = '/v1/nodes/n1/plan?wait=50';
  const sent = Promise.withResolvers<void>();
  const answered = ask(replica, { path, token, ca, headers: known, timeoutMs: SOON_MS, sent: sent.resolve });
  await Promise.race([sent.promise, answered]);
  // Who answers what came later has heard what came before.
  await plan(replica);
  return { answered };
}

/** Whom the lease names from now on, each once in a row. */
async function followHolders(): Promise<readonly string[]> {
  const api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
  const over = new AbortController();
  onTestFinished(async () => {
    over.abort();
    await api.close();
  });
  const holderOf = (object: object) => (object as { spec: { holderIdentity: string } }).spec.holderIdentity;
  const first = await api.get(LEASES, { name: 'coordinator', namespace: NAMESPACE }, over.signal);
  const holders = [holderOf(first)];
  const follow = async () => {
    for await (const event of api.watch(LEASES, first.metadata.resourceVersion ?? '', over.signal)) {
      if (event.type === 'BOOKMARK' || event.object.metadata.namespace !== NAMESPACE) continue;
      if (holderOf(event.object) !== holders.at(-1)) holders.push(holderOf(event.object));
    }
  };
  follow().catch(() => {}); // the test ends it
  return holders;
}

/** A connection that an answered request left open. */
async function idleConnection(replica: Replica): Promise<{ readonly closed: Promise<unknown> }> {
  const agent = new Agent({ keepAlive: true });
  await ask(replica, { token, ca, agent });
  const socket = await waitUntil(
    () => Object.values(agent.freeSockets).flat()[0],
    'the connection to be kept',
    SOON_MS,
  );
  return { closed: once(socket, 'close') };
}

function until(replica: Replica, fits: (answer: Answer) => boolean): Promise<Answer> {
  return waitUntil(
    async () => {
      const answer = await plan(replica);
      return fits(answer) && answer;
    },
    `${replica.name} to answer otherwise`,
    SOON_MS,
    { child: replica.child },
  );
}

function epochOf({ headers }: Answer): number {
  return Number(headers['kube-prefetch-epoch']);
}

/** A certificate would fill the screen. */
function hash(text: string): string {
  expect(text).toContain('BEGIN CERTIFICATE');
  return createHash('sha256').update(text).digest('hex');
}
