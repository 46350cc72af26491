import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { API_VERSION } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareCluster, type Replica, startReplica } from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

let scratch: ScratchFolder;
let server: ApiServer;
let coordinator: Replica;

beforeAll(async () => {
  scratch = scratchFolder('own-writing');
  server = await startApiServer({ folder: `${scratch.path}/api-server` });
  await prepareCluster(server, ['n1']);
  coordinator = await startReplica(server, scratch.path, 'coordinator-0');
});

afterAll(async () => {
  await coordinator?.child.stop();
  await server?.close();
  scratch?.remove();
});

test('a status that somebody forges with kubectl is put right', async () => {
  const spec = { images: ['nginx:1.27'], nodes: { names: ['no-such-node'] } };
  await server.apply({ apiVersion: API_VERSION, kind: 'ClusterPrefetch', metadata: { name: 'base' }, spec });
  await waitUntil(async () => (await warmth()) === 'False NoNodes', 'the first status', SOON_MS);
  const conditions = (await base()).status.conditions.map(condition =>
    condition.type === 'Warm' ? { ...condition, status: 'True', reason: 'AllPresent' } : condition,
  );
  const patch = `--patch=${JSON.stringify({ status: { conditions } })}`;
  const how = ['--subresource=status', '--type=merge', '--output=json'];
  expect(await server.kubectl('patch', 'clusterprefetch', 'base', ...how, patch)).toContain('AllPresent');
  await waitUntil(async () => (await warmth()) === 'False NoNodes', 'the status to be put right', SOON_MS);
});

test('its requests to the API server are counted: thirteen kinds listed and watched, a status patched when it changed', async () => {
  const counts = await requestCounts();
  // A busy server refuses and breaks off: how often what succeeded had to be repeated is its affair.
  const kinds = (verb: string) =>
    [...counts.keys()].filter(key => key.startsWith(`${verb} `) && key.endsWith(' 2xx')).map(key => key.split(' ')[1]);
  console.log('requests of a coordinator since its start:', Object.fromEntries(counts));
  expect(kinds('list')).toHaveLength(13);
  expect(new Set(kinds('watch'))).toEqual(new Set(kinds('list')));
  expect(counts.get('patch clusterprefetches.kube-prefetch.io/status 2xx')).toBeGreaterThanOrEqual(2);
  expect(counts.get('update leases.coordination.k8s.io 2xx')).toBeGreaterThan(1);
});

interface Held {
  readonly status: { readonly conditions: readonly { type: string; status: string; reason: string }[] };
}

/** By verb, resource and class of the status. */
async function requestCounts(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${coordinator.ops}/metrics`)).text();
  const samples = text.matchAll(/api_requests_total\{verb="(.+)",resource="(.+)",code="(.+)"\} (\d+)/g);
  return new Map([...samples].map(([, verb, resource, code, count]) => [`${verb} ${resource} ${code}`, Number(count)]));
}

async function base(): Promise<Held> {
  return JSON.parse(await server.kubectl('get', 'clusterprefetch', 'base', '--output=json')) as Held;
}

async function warmth(): Promise<string> {
  const warm = (await base()).status?.conditions.find(({ type }) => type === 'Warm');
  return `${warm?.status} ${warm?.reason}`;
}
