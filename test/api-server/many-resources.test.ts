import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS_READ } from '@kube-prefetch/cluster/testing';
import { aCell, anAgent, aReport } from '@kube-prefetch/coordinator/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { establishedSockets } from './established-sockets.ts';
import { ask, createAgentToken, prepareCluster, publishedCa, type Replica, startReplica } from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const QUIET_MS = 3_000;
const MANY = 300;
const NAMESPACE = 'many';
/** Its resource, and so the namespace, stays until the test takes it away. */
const FINALIZER = 'kube-prefetch.io/test';
const HELD = 'warm-0';
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
});

afterAll(async () => {
  stop.abort();
  await sampling;
  await replica?.child.stop();
  await server?.close();
  folder.remove();
  console.log('many resources on a real API server:', figures);
});

test('each of 300 resources made at once gets its status, by hardly more writes than there are resources', async () => {
  const reported = async () => (await agent.report('Present')) === 200;
  await waitUntil(reported, 'it to lead', SOON_MS);
  const spec = { images: ['a:1'] };
  await server.apply(
    Array.from({ length: MANY }, (_, index) => `warm-${index}`).map(name => ({
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: 'Prefetch',
      metadata: { name, namespace: NAMESPACE, finalizers: name === HELD ? [FINALIZER] : [] },
      spec,
    })),
  );
  // An agent that is heard once only is silent before long.
  const planned = async () => (await reported()) && (await agent.isAskedFor('a:1'));
  await waitUntil(planned, 'it to be planned', SOON_MS);
  await waitUntil(async () => (await reported()) && (await warm()) === MANY, 'all to be warm', SOON_MS);
  const writes = count('patch', 'prefetches');
  const reads = count('get', 'prefetches');
  figures['writes, and reads before them, for 300 resources'] = `${writes}, ${reads}`;
  // One before the first report and one after it; few meet an object that has changed meanwhile.
  expect(writes).toBeLessThanOrEqual(2.1 * MANY);
  // What a resource holds is read before its first status; later statuses are made from what the server answered.
  expect(reads).toBeLessThanOrEqual(1.1 * MANY);
});

test('a namespace that is deleted while statuses in it are written is no error', async () => {
  await server.kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  await waitUntil(async () => (await phase()) === 'Terminating', 'the namespace to be closed', SOON_MS);
  const told = async () => (await agent.report('Missing')) === 200 && count('create', 'events', 403) > 0;
  await waitUntil(told, 'an event that is refused', SOON_MS);
  await release();
  await server.kubectl('wait', '--for=delete', `namespace/${NAMESPACE}`, `--timeout=${SOON_MS}ms`);
  figures['events refused'] = `${count('create', 'events', 403)}`;
  await waitUntil(isQuiet, 'no more requests for them', SOON_MS);
  const complaints = Object.groupBy(replica.complaints(), ({ msg }) => String(msg));
  expect(Object.entries(complaints).filter(([, lines = []]) => lines.length > 1)).toEqual([]);
  expect(complaints).not.toMatchObject({ 'event not sent': expect.anything() });
});

test('the process has a connection for each watch, as many for the lists they began with, and few more', async () => {
  figures['connections, at most'] = `${mostSockets}`;
  expect(mostSockets).toBeGreaterThanOrEqual(KINDS_READ);
  expect(mostSockets).toBeLessThanOrEqual(2 * KINDS_READ + CALLS_AT_ONCE);
  // A watch that is just being renewed has none.
  const left = await waitUntil(
    () => [sockets()].find(now => now >= KINDS_READ && now <= KINDS_READ + CALLS_AT_ONCE),
    'a connection for each watch, and idle ones to be closed',
    SOON_MS,
  );
  figures['connections later'] = `${left}`;
});

/** How many say so. */
async function warm(): Promise<number> {
  const status = '{.items[*].status.conditions[?(@.type=="Warm")].status}';
  const said = await server.kubectl('get', 'prefetches', `--namespace=${NAMESPACE}`, `--output=jsonpath=${status}`);
  return said.split(' ').filter(word => word === 'True').length;
}

function phase(): Promise<string> {
  return server.kubectl('get', 'namespace', NAMESPACE, '--output=jsonpath={.status.phase}');
}

async function release(): Promise<void> {
  const patch = '--patch={"metadata":{"finalizers":null}}';
  await server.kubectl('patch', 'prefetch', HELD, `--namespace=${NAMESPACE}`, '--type=merge', patch);
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

/** Of the coordinator's requests, or of those with that answer. */
function count(verb: string, resource: string, code?: number): number {
  const done = server
    .auditEvents()
    .filter(({ stage, userAgent }) => stage === 'ResponseComplete' && userAgent === 'kube-prefetch');
  const asked = done.filter(event => event.verb === verb && event.objectRef?.resource === resource);
  return asked.filter(({ responseStatus }) => code === undefined || responseStatus?.code === code).length;
}

async function isQuiet(): Promise<boolean> {
  const before = count('get', 'prefetches');
  await sleep(QUIET_MS);
  return count('get', 'prefetches') === before;
}
