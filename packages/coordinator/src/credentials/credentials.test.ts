import { aPullSecret, createTwinSecrets } from '@kube-prefetch/cluster/testing';
import { collectAsks, groupNodes, planCohorts } from '@kube-prefetch/core';
import { aNode, aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import type { ImageCredentials } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { describe, expect, test } from 'vitest';
import { never } from '../../testing/messages.ts';
import { createCredentials } from './credentials.ts';

const REFRESH_MS = 300_000;
const A = 'r.example/a:1';
const B = 'r.example/b:1';

/** Two namespaces, each with a Prefetch and a Deployment whose pods run on a node of their own. */
function start() {
  const clock = createVirtualClock();
  const reader = createTwinSecrets();
  let told = 0;
  const credentials = createCredentials({ reader, clock, refreshMs: REFRESH_MS, changed: () => void (told += 1) });
  const term = new AbortController();
  credentials.open(term.signal);
  const finding = { workloads: [{ kinds: ['Deployment' as const], selector: {} }] };
  const tenant = (namespace: string, image: string, secret: string, node: string) => ({
    resource: aResource({ ref: { kind: 'Prefetch', namespace, name: 'all' }, spec: finding }),
    workload: aWorkload({
      namespace,
      pod: { containers: [{ image }], imagePullSecrets: [secret], nodeSelector: { of: node } },
    }),
  });
  const tenants = [tenant('shop', A, 'regcred', 'n1'), tenant('ops', B, 'other', 'n2')];
  const state = aState({
    resources: tenants.map(({ resource }) => resource),
    workloads: tenants.map(({ workload }) => workload),
    nodes: ['n1', 'n2'].map(name => aNode({ name, labels: { of: name } })),
    serviceAccounts: [],
    ownNamespace: 'kube-prefetch',
  });
  const cohorts = groupNodes(collectAsks(state).asks, state.nodes);
  const plans = planCohorts(cohorts, []);
  const ask = async (node: string, images: readonly string[], refused = false): Promise<ImageCredentials[]> => {
    const cohort = cohorts.find(({ nodes }) => nodes.includes(node)) as (typeof cohorts)[number];
    const plan = plans.get(cohort.key) as NonNullable<ReturnType<typeof plans.get>>;
    return credentials.answer(node, { images: images.map(image => ({ image, refused })) }, { plan, cohort }, never());
  };
  const passwords = async (node: string, image: string, refused = false) =>
    (await ask(node, [image], refused))[0]?.credentials.map(({ password }) => password);
  return { clock, reader, credentials, term, ask, passwords, told: () => told };
}

describe('what a node is given', () => {
  test('the secrets of its own asks, for images of its own plan, whatever it asks for', async () => {
    const { reader, ask } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'of shop' }));
    reader.hold('ops/other', aPullSecret({ 'r.example': 'of ops' }));
    const own = {
      image: A,
      credentials: [{ from: 'secret shop/regcred', username: 'robot', password: 'of shop' }],
      anonymous: false,
      problems: [],
    };
    expect(await ask('n1', [A, B, A, 'named:1'])).toEqual([own]);
    expect(reader.reads).toEqual(['shop/regcred']);
  });

  test('nothing while 64 requests of it are under way, so that no agent keeps the coordinator busy', async () => {
    const { reader, ask } = start();
    reader.wait(new Promise(() => {}));
    for (let n = 0; n < 64; n += 1) void ask('n1', [A]);
    await expect(ask('n1', [A])).rejects.toMatchObject({ code: 'Overloaded' });
    reader.wait(Promise.resolve());
    expect(await ask('n2', [B])).toHaveLength(1);
  });
});

describe('how often a secret is read', () => {
  test('once in an interval for 100 images on three nodes, and once more in the next', async () => {
    const clock = createVirtualClock();
    const reader = createTwinSecrets();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
    const credentials = createCredentials({ reader, clock, refreshMs: REFRESH_MS, changed: () => {} });
    credentials.open(never());
    const images = Array.from({ length: 100 }, (_, n) => `r.example/app:${n}`);
    const state = aState({
      resources: [aResource({ spec: { images, imagePullSecrets: [{ name: 'regcred' }] } })],
      nodes: ['n1', 'n2', 'n3'].map(name => aNode({ name })),
      ownNamespace: 'kube-prefetch',
    });
    const [cohort] = groupNodes(collectAsks(state).asks, state.nodes);
    if (cohort === undefined) throw new Error('no cohort');
    const plan = planCohorts([cohort], []).get(cohort.key) as never;
    for (const round of [1, 2]) {
      const pulls = images.flatMap(image => cohort.nodes.map(node => ({ image, node })));
      for (const { image, node } of pulls) {
        const [answer] = await credentials.answer(node, { images: [{ image }] }, { plan, cohort }, never());
        expect(answer?.credentials).toHaveLength(1);
      }
      process.stdout.write(`${pulls.length} pulls read the secret ${reader.reads.length / round} times\n`);
      expect(reader.reads).toHaveLength(round);
      await clock.advance(REFRESH_MS);
    }
  });

  test('once for all who ask at the same time', async () => {
    const { reader, ask } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
    const answers = await Promise.all([ask('n1', [A]), ask('n1', [A])]);
    expect(answers.flat().map(({ credentials }) => credentials.length)).toEqual([1, 1]);
    expect(reader.reads).toHaveLength(1);
  });

  test('again when a registry refused what it held, but not for each node that says so', async () => {
    const { reader, passwords, clock } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'old' }));
    expect(await passwords('n1', A)).toEqual(['old']);
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'new' }));
    expect(await passwords('n1', A, true)).toEqual(['old']);
    await clock.advance(10_000);
    expect(await passwords('n1', A)).toEqual(['old']);
    expect(await passwords('n1', A, true)).toEqual(['new']);
    for (let n = 0; n < 100; n += 1) await passwords('n1', A, true);
    expect(reader.reads).toHaveLength(2);
  });

  test('once a minute while agents ask for what a registry refused, and as rarely as others once it has changed', async () => {
    const { reader, passwords, clock } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'wrong' }));
    await passwords('n1', A);
    await passwords('n1', A, true);
    const askFor = async (minutes: number) => {
      const before = reader.reads.length;
      let last;
      for (let n = 0; n < minutes * 6; n += 1) {
        await clock.advance(10_000);
        last = await passwords('n1', A);
      }
      return [last, reader.reads.length - before];
    };
    expect(await askFor(4)).toEqual([['wrong'], 4]);
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'right' }));
    expect(await askFor(1)).toEqual([['right'], 1]);
    expect(await askFor(4)).toEqual([['right'], 0]);
  });

  test('a missing one is looked for again after a short while', async () => {
    const { reader, passwords, clock } = start();
    for (let n = 0; n < 100; n += 1) expect(await passwords('n1', A)).toEqual([]);
    expect(reader.reads).toHaveLength(1);
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'made' }));
    await clock.advance(20_000);
    expect(await passwords('n1', A)).toEqual(['made']);
  });
});

describe('what cannot be had', () => {
  test('what was read before counts while the API server is away; what was never read makes the image wait', async () => {
    const { reader, ask, passwords, clock } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
    await passwords('n1', A);
    reader.beAway(true);
    await clock.advance(REFRESH_MS);
    expect(await passwords('n1', A)).toEqual(['p']);
    expect(await ask('n2', [B])).toMatchObject([{ waitFor: 'secret ops/other cannot be read now: Unreachable' }]);
    reader.beAway(false);
    await clock.advance(5_000);
    expect(await ask('n2', [B])).toMatchObject([{ anonymous: true, problems: ['secret ops/other does not exist'] }]);
  });

  test('a right that was taken away counts at once, whatever was read before', async () => {
    const { reader, ask, passwords, clock } = start();
    reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
    await passwords('n1', A);
    reader.hold('shop/regcred', 'forbidden');
    await clock.advance(REFRESH_MS);
    const waitFor = 'secret shop/regcred may not be read by the coordinator';
    expect(await ask('n1', [A])).toMatchObject([{ credentials: [], anonymous: false, waitFor }]);
  });

  test('each is a trouble with its name and nothing of its contents, and is told once', async () => {
    const { reader, ask, credentials, told } = start();
    const canary = Buffer.from('{"auths": {"canary": {"auth": "canary"}}}').toString('base64');
    reader.hold('shop/regcred', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': canary } });
    reader.hold('ops/other', { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': 'Y2FuYXJ5' } });
    for (let n = 0; n < 3; n += 1)
      for (const [node, image] of [
        ['n1', A],
        ['n2', B],
      ] as const)
        await ask(node, [image]);
    const troubles = [...credentials.troubles()];
    expect(troubles).toMatchObject([
      ['secret shop/regcred', { reason: 'PullSecretInvalid', since: '2026-01-01T00:00:00.000Z' }],
      ['secret ops/other', { reason: 'PullSecretInvalid' }],
    ]);
    expect(JSON.stringify([troubles, await ask('n1', [A])])).not.toMatch(/canary|Y2Fu/);
    expect(told()).toBe(2);
  });
});

test('nothing is kept beyond the term, also not what arrives after it', async () => {
  const { reader, credentials, passwords, ask, term } = start();
  reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
  const slow = Promise.withResolvers<void>();
  reader.wait(slow.promise);
  const late = passwords('n1', A);
  term.abort(new Error('the term has ended'));
  credentials.close();
  credentials.open(new AbortController().signal);
  reader.wait(Promise.resolve());
  slow.resolve();
  expect(await late).toEqual([]);
  reader.hold('shop/regcred', undefined);
  expect(await ask('n1', [A])).toMatchObject([{ problems: ['secret shop/regcred does not exist'] }]);
});

test('however many secrets are named, a bounded number and size of them is kept', async () => {
  const clock = createVirtualClock();
  const reader = createTwinSecrets();
  const credentials = createCredentials({ reader, clock, refreshMs: REFRESH_MS, changed: () => {} });
  credentials.open(never());
  for (let n = 0; n < 160; n += 1) {
    const names = Array.from({ length: 32 }, (_, secret) => ({ name: `s${secret}` }));
    const state = aState({
      resources: [
        aResource({
          ref: { kind: 'Prefetch', namespace: `n${n}`, name: 'all' },
          spec: { images: [A], imagePullSecrets: names },
        }),
      ],
      nodes: [aNode({ name: 'n1' })],
      ownNamespace: 'kube-prefetch',
    });
    const [cohort] = groupNodes(collectAsks(state).asks, state.nodes);
    if (cohort === undefined) throw new Error('no cohort');
    const plan = planCohorts([cohort], []).get(cohort.key) as never;
    await credentials.answer('n1', { images: [{ image: A }] }, { plan, cohort }, never());
  }
  expect(credentials.troubles().size).toBe(4_000);
  expect(reader.reads).toHaveLength(160 * 32);
});

test('what nobody needs any more is forgotten, what was wrong with it is not', async () => {
  const { reader, credentials, ask, clock } = start();
  reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
  await ask('n1', [A]);
  await ask('n2', [B]);
  expect(credentials.counts()).toEqual({ usable: 1, unusable: 1 });
  await clock.advance(2 * REFRESH_MS);
  credentials.expire(clock.monotonicMs());
  expect(credentials.counts()).toEqual({ usable: 1, unusable: 1 });
  credentials.expire(clock.monotonicMs() + 1);
  expect(credentials.counts()).toEqual({ usable: 0, unusable: 1 });
});

test('an API server that does not answer makes the image wait before its agent gives up', async () => {
  const { reader, clock, ask } = start();
  reader.wait(new Promise(() => {}));
  const asked = ask('n1', [A]);
  await clock.advance(5_000);
  expect(await asked).toMatchObject([{ waitFor: 'secret shop/regcred cannot be read now' }]);
});

test('a secret that was put right is noticed though no agent tries again, and one that nobody needs is not looked for', async () => {
  const { reader, credentials, ask, clock, told } = start();
  await ask('n1', [A]);
  expect(credentials.troubles().size).toBe(1);
  reader.hold('shop/regcred', aPullSecret({ 'r.example': 'p' }));
  for (let n = 0; n <= 10; n += 1) {
    await clock.advance(REFRESH_MS / 10);
    credentials.expire(clock.monotonicMs() + 1);
    await clock.advance(0);
  }
  expect([credentials.troubles().size, told(), reader.reads.length]).toEqual([0, 2, 2]);
  await ask('n2', [B]);
  for (let n = 0; n < 200; n += 1) {
    await clock.advance(60_000);
    credentials.expire(clock.monotonicMs());
  }
  expect(credentials.counts()).toEqual({ usable: 0, unusable: 0 });
  expect(reader.reads.filter(name => name === 'ops/other').length).toBeLessThan(30);
});
