import { aCell, anAgent, aReport } from '@kube-prefetch/coordinator/testing';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import type { Plan, PrefetchStatus } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createAgentToken, prepareCluster, publishedCa, type Replica, startReplica } from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const MB = 1_000_000;
const NODES = ['n1', 'n2', 'n3'];
const LIMITS = {
  'tenant-images': 'r.example/shop/*,r.example/bank/*,docker.io/library/*',
  'tenant-images-per-namespace': '3',
  'tenant-bytes-per-node': `${100 * MB}`,
};
const SOON = { timeout: SOON_MS, interval: 300 };

/** Sizes by image, of what a node has. */
type Held = Readonly<Record<string, number>>;

const folder = scratchFolder('kp-tenants');
const tokens = new Map<string, string>();
let server: ApiServer;
let replica: Replica;
let ca: string;
let sequence = 0;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  await prepareCluster(server, NODES);
  const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  await server.kubectl('patch', 'nodes', ...NODES, '--subresource=status', `--patch=${ready}`);
  for (const namespace of ['shop', 'bank']) await server.kubectl('create', 'namespace', namespace);
  replica = await startReplica(server, folder.path, 'coordinator-a', LIMITS);
  ca = await publishedCa(server);
  for (const node of NODES) tokens.set(node, await createAgentToken(server, node));
});

afterAll(async () => {
  await replica?.child.stop();
  await server?.close();
  folder.remove();
});

test('images that no glob allows, and those beyond the number of a namespace, are in no plan, and named by its resources alone', async () => {
  await prefetch('shop', 'web', ['r.example/shop/a:1', 'r.example/bank-2/x:1', 'evil.example/shop/x:1', 'nginx:1']);
  await prefetch('shop', 'worker', ['r.example/shop/b:1', 'r.example/shop/c:1', 'r.example/shop/a:1']);
  await prefetch('bank', 'app', ['r.example/bank/a:1', 'r.example/bank/b:1', 'r.example/bank/c:1']);
  await prefetch(undefined, 'base', ['evil.example/base:1', 'r.example/shop/d:1']);
  const planned = [
    'evil.example/base:1',
    'nginx:1',
    ...['bank/a', 'bank/b', 'bank/c', 'shop/a', 'shop/b', 'shop/d'].map(path => `r.example/${path}:1`),
  ];
  const held = Object.fromEntries(planned.map(image => [image, MB]));
  const notAllowed = 'the administrator lets no Prefetch ask for: evil.example/shop/x:1, r.example/bank-2/x:1';
  const tooMany = 'beyond the number of images that the Prefetches of a namespace may ask for: r.example/shop/c:1';
  await expect
    .poll(() => conditions({ n1: held, n2: held, n3: held }), SOON)
    .toEqual({
      'shop/web': [
        'Accepted=True Valid: the spec is valid',
        `Ready=True Planned: planned: 2 images on 3 nodes; ${notAllowed}`,
        `Warm=False BeyondLimits: 6 of 6 present (2 images on 3 nodes); ${notAllowed}`,
      ],
      'shop/worker': [
        'Accepted=True Valid: the spec is valid',
        `Ready=True Planned: planned: 2 images on 3 nodes; ${tooMany}`,
        `Warm=False BeyondLimits: 6 of 6 present (2 images on 3 nodes); ${tooMany}`,
      ],
      'bank/app': allPresent(3, 9),
      base: allPresent(2, 6),
    });
  for (const node of NODES) expect(await plan(node)).toEqual(planned);
  await server.kubectl('delete', 'pf,cpf', '--all', '--all-namespaces');
});

test('beyond the bytes of a namespace no pull starts on another node once two agree on the size, and no other suffers', async () => {
  await prefetch('shop', 'web', ['r.example/shop/a:1', 'r.example/shop/b:1', 'r.example/shop/small:1']);
  await prefetch('bank', 'app', ['r.example/bank/a:1']);
  await prefetch(undefined, 'base', ['r.example/base:1']);
  const rest: Held = {
    'r.example/bank/a:1': 90 * MB,
    'r.example/base:1': 500 * MB,
    'r.example/shop/a:1': 60 * MB,
    'r.example/shop/small:1': 10 * MB,
  };
  const all: Held = { ...rest, 'r.example/shop/b:1': 60 * MB };
  const tooLarge = 'beyond the bytes of a node that the images of a namespace may take: r.example/shop/b:1';
  await expect
    .poll(() => conditions({ n1: all, n2: all, n3: rest }), SOON)
    .toEqual({
      'shop/web': [
        'Accepted=True Valid: the spec is valid',
        `Ready=True Planned: planned: 3 images on 3 nodes; ${tooLarge}`,
        `Warm=False BeyondLimits: 8 of 9 present (3 images on 3 nodes), 1 waiting; ${tooLarge}`,
      ],
      'bank/app': allPresent(1, 3),
      base: allPresent(1, 3),
    });
  expect(await plan('n3')).toEqual([
    'r.example/bank/a:1',
    'r.example/base:1',
    'r.example/shop/a:1',
    '(r.example/shop/b:1)',
    'r.example/shop/small:1',
  ]);
});

/** A ClusterPrefetch where it is of no namespace. */
async function prefetch(namespace: string | undefined, name: string, images: readonly string[]): Promise<void> {
  const kind = namespace === undefined ? 'ClusterPrefetch' : 'Prefetch';
  const apiVersion = 'kube-prefetch.io/v1alpha1';
  await server.apply({ apiVersion, kind, metadata: { name, namespace }, spec: { images } });
}

/** What all resources say once each node has reported that it has just this of its plan. */
async function conditions(held: Readonly<Record<string, Held>>): Promise<Record<string, readonly string[]>> {
  for (const [node, images] of Object.entries(held)) await report(node, images);
  const { items } = JSON.parse(await server.kubectl('get', 'pf,cpf', '--all-namespaces', '--output=json')) as {
    items: { metadata: { namespace?: string; name: string }; status?: PrefetchStatus }[];
  };
  return Object.fromEntries(
    items.map(({ metadata, status }) => [
      [metadata.namespace, metadata.name].filter(part => part !== undefined).join('/'),
      (status?.conditions ?? []).map(each => `${each.type}=${each.status} ${each.reason}: ${each.message}`),
    ]),
  );
}

function allPresent(images: number, cells: number): readonly string[] {
  const counted = `${images} image${images === 1 ? '' : 's'} on 3 nodes`;
  return [
    'Accepted=True Valid: the spec is valid',
    `Ready=True Planned: planned: ${counted}`,
    `Warm=True AllPresent: ${cells} of ${cells} present (${counted})`,
  ];
}

async function report(node: string, held: Held): Promise<void> {
  sequence += 1;
  const cells = (await plan(node)).map(item => {
    const image = item.replace(/^\((.*)\)$/, '$1');
    const sizeBytes = held[image];
    return sizeBytes === undefined ? aCell({ image, state: 'Waiting' }) : aCell({ image, sizeBytes });
  });
  const body = aReport({ agent: anAgent('a', 1), sequence, cells });
  const path = `/v1/nodes/${node}/report`;
  expect((await ask(replica, { path, token: tokens.get(node), ca, body })).status).toBe(200);
}

/** `image`, or `(image)` where the node's plan starts no pull. */
async function plan(node: string): Promise<readonly string[]> {
  const { body } = await ask(replica, { path: `/v1/nodes/${node}/plan`, token: tokens.get(node), ca });
  return (body as unknown as Plan).items.map(({ image, start }) => (start ? image : `(${image})`));
}
