import { setTimeout as sleep } from 'node:timers/promises';
import { aCell, anAgent, aReport } from '@kube-prefetch/coordinator/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { establishedSockets } from './established-sockets.ts';
import { ask, createAgentToken, prepareCluster, publishedCa, type Replica, startReplica } from './start-replicas.ts';

/** Programs that are not built yet included. */
const START_MS = 20 * 60_000;
const PATIENCE_MS = 240_000;
const QUIET_MS = 3_000;
const MANY = 300;
const NAMESPACE = 'many';
const KINDS = 11;
/** Four statuses at once, the Lease, the certificate authority. */
const CALLS_AT_ONCE = 6;

const folder = scratchFolder('kp-many');
const stop = new AbortController();
const figures: Record<string, string> = {};
let server: ApiServer;
let replica: Replica;
let agent: Awaited<ReturnType<typeof createAgent>>;
let sampling: Promise<void>;
let mostSockets = 0;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path, auditLog: true, controllersToo: true });
  await prepareCluster(server, ['n1']);
  await server.kubectl('create', 'namespace', NAMESPACE);
  replica = await startReplica(server, folder.path, 'coordinator-a');
  sampling = sampleSockets();
  agent = await createAgent();
}, START_MS);

afterAll(async () => {
  stop.abort();
  await sampling;
  await replica?.child.stop();
  await server?.close();
  folder.remove();
  console.log('many resources on a real API server:', figures);
});

test('each of 300 resources made at once gets its status, by hardly more writes than there are resources', async () => {
  await waitUntil(async () => (await agent.report('Present')) === 200, 'it to lead', PATIENCE_MS);
  const spec = { images: ['a:1'] };
  await server.apply(
    Array.from({ length: MANY }, (_, index) => ({
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: 'Prefetch',
      metadata: { name: `warm-${index}`, namespace: NAMESPACE },
      spec,
    })),
  );
  await waitUntil(() => agent.isAskedFor('a:1'), 'it to be planned', PATIENCE_MS);
  expect(await agent.report('Present')).toBe(200);
  await waitUntil(async () => (await warm()) === MANY, 'all to be warm', PATIENCE_MS);
  const writes = count('patch', 'prefetches');
  figures['writes for 300 resources'] = `${writes}`;
  expect(writes).toBeLessThanOrEqual(2 * MANY);
});

test('a namespace that is deleted while statuses in it are written is no error', async () => {
  const before = count('patch', 'prefetches');
  expect(await agent.report('Missing')).toBe(200);
  await waitUntil(() => count('create', 'events') > 0, 'events', PATIENCE_MS);
  await server.kubectl('delete', 'namespace', NAMESPACE, `--timeout=${PATIENCE_MS}ms`);
  expect(count('patch', 'prefetches') - before).toBeLessThan(MANY);
  await waitUntil(isQuiet, 'no more requests for them', PATIENCE_MS);
  const complaints = Object.groupBy(replica.complaints(), ({ msg }) => String(msg));
  expect(Object.entries(complaints).filter(([, lines = []]) => lines.length > 1)).toEqual([]);
  expect(complaints).not.toMatchObject({ 'event not sent': expect.anything() });
});

test('the process has a connection for each watch, as many for the lists they began with, and few more', async () => {
  figures['connections, at most'] = `${mostSockets}`;
  expect(mostSockets).toBeGreaterThanOrEqual(KINDS);
  expect(mostSockets).toBeLessThanOrEqual(2 * KINDS + CALLS_AT_ONCE);
  const left = await waitUntil(
    () => sockets() <= KINDS + CALLS_AT_ONCE && sockets(),
    'idle connections to be closed',
    PATIENCE_MS,
  );
  figures['connections later'] = `${left}`;
  expect(left).toBeGreaterThanOrEqual(KINDS);
});

/** How many say so. */
async function warm(): Promise<number> {
  const status = '{.items[*].status.conditions[?(@.type=="Warm")].status}';
  const said = await server.kubectl('get', 'prefetches', `--namespace=${NAMESPACE}`, `--output=jsonpath=${status}`);
  return said.split(' ').filter(word => word === 'True').length;
}

async function createAgent() {
  const token = await createAgentToken(server, 'n1');
  const ca = await publishedCa(server);
  let sequence = 0;
  return {
    async report(state: 'Present' | 'Missing'): Promise<number> {
      sequence += 1;
      const body = aReport({ agent: anAgent('a', 1), sequence, cells: [aCell({ state })] });
      return (await ask(replica, { path: '/v1/nodes/n1/report', token, ca, body })).status;
    },
    async isAskedFor(image: string): Promise<boolean> {
      return JSON.stringify((await ask(replica, { token, ca })).body).includes(image);
    },
  };
}

function sockets(): number {
  return establishedSockets(replica.child.pid, Number(new URL(server.url).port));
}

async function sampleSockets(): Promise<void> {
  while (!stop.signal.aborted) {
    mostSockets = Math.max(mostSockets, sockets());
    await sleep(50, undefined, { signal: stop.signal }).catch(() => {});
  }
}

/** Of the coordinator's requests. */
function count(verb: string, resource: string): number {
  const done = server
    .auditEvents()
    .filter(({ stage, userAgent }) => stage === 'ResponseComplete' && userAgent === 'kube-prefetch');
  return done.filter(event => event.verb === verb && event.objectRef?.resource === resource).length;
}

async function isQuiet(): Promise<boolean> {
  const before = count('get', 'prefetches');
  await sleep(QUIET_MS);
  return count('get', 'prefetches') === before;
}
