import { aPullSecret, createTwinSecrets } from '@kube-prefetch/cluster/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SimulatedCluster, simulateCluster } from './simulate-cluster.ts';

const SHOP = 'r.example/shop:1';
const OPS = 'r.example/ops:1';
const MINUTE_MS = 60_000;

let simulated: SimulatedCluster;
let secrets: ReturnType<typeof createTwinSecrets>;

/** Two namespaces, each with a Prefetch, a secret of the same name for one registry, and an image that only its own password opens. */
beforeEach(() => {
  secrets = createTwinSecrets();
  simulated = simulateCluster({ nodes: ['n1', 'n2'], secrets });
  protect(SHOP, 'of shop');
  protect(OPS, 'of ops');
  secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'of shop' }));
  secrets.hold('ops/regcred', aPullSecret({ 'r.example': 'of ops' }));
});

afterEach(() => simulated.stop());

function protect(image: string, password: string) {
  simulated.registry.publish(image, { sizeBytes: 1_000, credentials: { username: 'robot', password } });
}

function wanting(images: Readonly<Record<string, readonly string[]>>) {
  return aState({
    nodes: ['n1', 'n2'].map(name => aNode({ name })),
    resources: Object.entries(images).map(([namespace, names]) =>
      aResource({
        ref: { kind: 'Prefetch', namespace, name: 'all' },
        spec: { images: [...names], imagePullSecrets: [{ name: 'regcred' }] },
      }),
    ),
    ownNamespace: 'kube-prefetch',
    serviceAccounts: [],
  });
}

const statusOf = (namespace: string) => simulated.statuses.statuses.get(`Prefetch ${namespace}/all`);
const warmth = () => ['shop', 'ops'].map(namespace => statusOf(namespace)?.warm);
const reasons = (namespace: string) => statusOf(namespace)?.failures.map(({ reason }) => reason);
const cellOf = (image: string) =>
  simulated
    .coordinator()
    .node('n1')
    .images.find(each => each.image === image)?.cell;

test('each namespace gets its images with its own secret, and the API server is asked once for each', async () => {
  simulated.set(wanting({ shop: [SHOP], ops: [OPS] }));
  await simulated.clock.advance(MINUTE_MS);
  expect(warmth()).toEqual(['2/2', '2/2']);
  expect(secrets.reads.toSorted()).toEqual(['ops/regcred', 'shop/regcred']);
});

test("a namespace that asks for another's image has none of its secret, also where it names that", async () => {
  simulated.set(wanting({ ops: [SHOP] }));
  await simulated.clock.advance(30 * MINUTE_MS);
  expect(statusOf('ops')?.warm).toBe('0/2');
  expect(reasons('ops')).toEqual(['Unauthorized']);
  expect(new Set(secrets.reads)).toEqual(new Set(['ops/regcred']));
});

test('a secret that is missing holds up no other namespace, is named to its own alone, and is used once it is there', async () => {
  secrets.hold('shop/regcred', undefined);
  simulated.set(wanting({ shop: [SHOP], ops: [OPS, SHOP] }));
  await simulated.clock.advance(MINUTE_MS);
  expect(warmth()).toEqual(['0/2', '2/4']);
  expect(reasons('shop')).toEqual(['PullSecretMissing', 'Unauthorized']);
  expect(JSON.stringify(statusOf('ops'))).not.toContain('shop/regcred');
  secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'of shop' }));
  await simulated.clock.advance(10 * MINUTE_MS);
  expect(statusOf('shop')?.warm).toBe('2/2');
  expect(statusOf('shop')?.failures).toEqual([]);
});

test('a password that changes while everything runs is used for the next pull, within the same try', async () => {
  simulated.set(wanting({ shop: [SHOP] }));
  await simulated.clock.advance(MINUTE_MS);
  const next = 'r.example/shop:2';
  protect(next, 'rotated');
  secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'rotated' }));
  simulated.set(wanting({ shop: [SHOP, next] }));
  await simulated.clock.advance(10_000);
  expect(statusOf('shop')?.warm).toBe('4/4');
  expect(statusOf('shop')?.failures).toEqual([]);
});

test('while a secret cannot be read its images wait and are not pulled without; what is there stays', async () => {
  simulated.set(wanting({ shop: [SHOP] }));
  await simulated.clock.advance(MINUTE_MS);
  secrets.beAway(true);
  simulated.killCoordinator();
  simulated.startCoordinator();
  const next = 'r.example/shop:2';
  protect(next, 'of shop');
  simulated.set(wanting({ shop: [SHOP, next] }));
  await simulated.clock.advance(3 * MINUTE_MS);
  expect(cellOf(next)).toMatchObject({
    state: 'Waiting',
    waitingFor: 'Credentials',
    waitingBecause: expect.stringContaining('secret shop/regcred cannot be read now'),
  });
  expect([cellOf(SHOP)?.state, statusOf('shop')?.warm, reasons('shop')]).toEqual([
    'Present',
    '2/4',
    ['PullSecretUnread'],
  ]);
  expect(simulated.registry.requests(next)).toBe(0);
  secrets.beAway(false);
  await simulated.clock.advance(MINUTE_MS);
  expect(statusOf('shop')?.warm).toBe('4/4');
});

test('a secret that is put right after hours of refusals is used within minutes, without more requests to the registry', async () => {
  secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'wrong' }));
  simulated.set(wanting({ shop: [SHOP], ops: [OPS] }));
  await simulated.clock.advance(6 * 60 * MINUTE_MS);
  expect([warmth(), reasons('shop')]).toEqual([['0/2', '2/2'], ['Unauthorized']]);
  const before = [simulated.registry.requests(SHOP), secrets.reads.length] as const;
  await simulated.clock.advance(30 * MINUTE_MS);
  const reads = secrets.reads.length - before[1];
  expect(simulated.registry.requests(SHOP) - before[0]).toBeLessThanOrEqual(4);
  expect(reads).toBeLessThanOrEqual(30);
  secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'of shop' }));
  await simulated.clock.advance(4 * MINUTE_MS);
  expect([warmth(), reasons('shop')]).toEqual([['2/2', '2/2'], []]);
});
