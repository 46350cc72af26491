import type { KubeApi } from '@kube-prefetch/cluster';
import { createTwinApi } from '@kube-prefetch/cluster/testing';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createTokenIdentity } from './token-identity.ts';

const AGENT = 'system:serviceaccount:own:agent';
const NODE = 'authentication.kubernetes.io/node-name';
const POD = 'authentication.kubernetes.io/pod-uid';
const HOLDER = { username: AGENT, audiences: ['ours'], extra: { [NODE]: ['n1'], [POD]: ['uid-1'] } };
const MINUTE_MS = 60_000;

function start({ holdReviews = false } = {}) {
  const clock = createVirtualClock();
  const server = createTwinApi({ clock });
  let reviews = 0;
  let running = 0;
  let mostAtOnce = 0;
  const api: KubeApi = {
    ...server,
    async review(token, audiences, signal) {
      reviews += 1;
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      try {
        if (holdReviews) await clock.sleep(1_000, signal);
        return await server.review(token, audiences, signal);
      } finally {
        running -= 1;
      }
    },
  };
  const identity = createTokenIdentity({
    api,
    clock,
    audience: 'ours',
    serviceAccount: { namespace: 'own', name: 'agent' },
  });
  return {
    clock,
    server,
    identify: (token: string, signal = new AbortController().signal) => identity.identify(token, signal),
    reviews: () => reviews,
    mostAtOnce: () => mostAtOnce,
  };
}

/** A token that says it ends in so long. */
function lasting(clock: { wallMs(): number }, ms: number): string {
  const payload = Buffer.from(JSON.stringify({ exp: (clock.wallMs() + ms) / 1000 })).toString('base64url');
  return `head.${payload}.signature`;
}

test('a good token says which pod on which node', async () => {
  const { server, identify } = start();
  server.acceptToken('t', HOLDER);
  expect(await identify('t')).toEqual({ node: 'n1', podUid: 'uid-1' });
});

test.each([
  ['that nobody knows', undefined, 'Unauthenticated'],
  ['for another audience', { ...HOLDER, audiences: ['vault'] }, 'Unauthenticated'],
  ['of another ServiceAccount', { ...HOLDER, username: 'system:serviceaccount:own:somebody' }, 'Forbidden'],
  ['of that name elsewhere', { ...HOLDER, username: 'system:serviceaccount:other:agent' }, 'Forbidden'],
  ['that is bound to no node', { ...HOLDER, extra: { [POD]: ['uid-1'] } }, 'Forbidden'],
  ['that is bound to no pod', { ...HOLDER, extra: { [NODE]: ['n1'] } }, 'Forbidden'],
])('a token %s is no identity', async (_case, holder, code) => {
  const { server, identify } = start();
  if (holder !== undefined) server.acceptToken('t', holder);
  await expect(identify('t')).rejects.toMatchObject({ code });
});

test('a token is believed for five minutes, and then asked about again', async () => {
  const { clock, server, identify, reviews } = start();
  server.acceptToken('t', HOLDER);
  await identify('t');
  server.revokeToken('t');
  await clock.advance(5 * MINUTE_MS - 1);
  expect(await identify('t')).toMatchObject({ node: 'n1' });
  await clock.advance(1);
  await expect(identify('t')).rejects.toMatchObject({ code: 'Unauthenticated' });
  expect(reviews()).toBe(2);
});

test('a token is believed no longer than it says itself', async () => {
  const { clock, server, identify } = start();
  const token = lasting(clock, MINUTE_MS);
  server.acceptToken(token, HOLDER);
  await identify(token);
  server.revokeToken(token);
  await clock.advance(MINUTE_MS - 1);
  expect(await identify(token)).toMatchObject({ node: 'n1' });
  await clock.advance(1);
  await expect(identify(token)).rejects.toMatchObject({ code: 'Unauthenticated' });
});

test('a token that claims to last a year is believed for five minutes all the same', async () => {
  const { clock, server, identify, reviews } = start();
  const token = lasting(clock, 365 * 24 * 60 * MINUTE_MS);
  server.acceptToken(token, HOLDER);
  await identify(token);
  await clock.advance(5 * MINUTE_MS);
  await identify(token);
  expect(reviews()).toBe(2);
});

test('a refusal is remembered for seconds', async () => {
  const { clock, server, identify, reviews } = start();
  const refused = () => identify('t').catch(error => error.code);
  expect([await refused(), await refused(), reviews()]).toEqual(['Unauthenticated', 'Unauthenticated', 1]);
  server.acceptToken('t', HOLDER);
  await clock.advance(5_000);
  expect(await identify('t')).toMatchObject({ node: 'n1' });
});

test('while the API server is away nobody is told that a token is bad, and who is known stays known', async () => {
  const { server, identify } = start();
  server.acceptToken('known', HOLDER);
  await identify('known');
  server.cutOff();
  await expect(identify('new')).rejects.toMatchObject({ code: 'IdentityUnavailable' });
  expect(await identify('known')).toMatchObject({ node: 'n1' });
  server.restore();
  await expect(identify('new')).rejects.toMatchObject({ code: 'Unauthenticated' });
});

test('an API server that hangs makes nobody wait for longer than ten seconds', async () => {
  const { clock, server, identify } = start();
  server.fallSilent();
  const asked = identify('t').catch(error => error.code);
  await clock.advance(10_000);
  expect(await asked).toBe('IdentityUnavailable');
  expect(clock.sleepers()).toBe(0);
});

test('who asks about the same token at once shares one review, and whoever leaves disturbs no other', async () => {
  const { clock, server, identify, reviews } = start({ holdReviews: true });
  server.acceptToken('t', HOLDER);
  const leaving = new AbortController();
  const first = identify('t', leaving.signal).catch(error => error.message);
  const others = Promise.all([identify('t'), identify('t')]);
  leaving.abort(new Error('gone'));
  expect(await first).toBe('gone');
  await clock.advance(1_000);
  expect([(await others).length, reviews()]).toEqual([2, 1]);
});

test('agents of all nodes at once wait for their turn', async () => {
  const { clock, server, identify, reviews, mostAtOnce } = start({ holdReviews: true });
  const tokens = Array.from({ length: 200 }, (_, index) => `t${index}`);
  for (const token of tokens) server.acceptToken(token, HOLDER);
  const all = Promise.all(tokens.map(token => identify(token)));
  await clock.advance(8_000);
  expect((await all).length).toBe(200);
  expect([reviews(), mostAtOnce()]).toEqual([200, 32]);
});
