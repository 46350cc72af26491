import type { ApiError } from '@kube-prefetch/protocol';
import { createTokenSigner, createTwinApi } from '@kube-prefetch/cluster/testing';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { KubeTokens } from '../api/kube-api.ts';
import { createTokenIdentity } from './token-identity.ts';

const AGENT = { namespace: 'own', serviceAccount: 'agent', audiences: ['ours'], node: 'n1', podUid: 'uid-1' };
const MINUTE_MS = 60_000;

function start({ reviewMs = 0 } = {}) {
  const clock = createVirtualClock();
  const server = createTwinApi({ clock });
  const counts = { reviews: 0, running: 0, mostAtOnce: 0, keyReads: 0 };
  const api: KubeTokens = {
    async review(token, audiences, signal) {
      counts.reviews += 1;
      counts.running += 1;
      counts.mostAtOnce = Math.max(counts.mostAtOnce, counts.running);
      try {
        if (reviewMs > 0) await clock.sleep(reviewMs, signal);
        return await server.review(token, audiences, signal);
      } finally {
        counts.running -= 1;
      }
    },
    signingKeys(signal) {
      counts.keyReads += 1;
      return server.signingKeys(signal);
    },
  };
  const serviceAccount = { namespace: 'own', name: 'agent' };
  const { identify } = createTokenIdentity({ api, clock, audience: 'ours', serviceAccount });
  return {
    clock,
    server,
    counts,
    identify: (token: string, address = '10.0.0.1') => identify(token, address, new AbortController().signal),
    identifyUntil: (token: string, signal: AbortSignal) => identify(token, '10.0.0.1', signal),
    codeOf: (token: string, address = '10.0.0.1') =>
      identify(token, address, new AbortController().signal).then(
        () => 'accepted',
        (error: ApiError) => error.code,
      ),
  };
}

test('a good token says which pod on which node', async () => {
  const { server, identify } = start();
  expect(await identify(server.issueToken(AGENT))).toEqual({ node: 'n1', pod: { name: 'pod-uid-1', uid: 'uid-1' } });
});

interface Other extends Partial<typeof AGENT> {
  readonly agoMs?: number;
}

test.each<[string, Other, string]>([
  ['for another audience', { audiences: ['vault'] }, 'Unauthenticated'],
  ['of another ServiceAccount', { serviceAccount: 'somebody' }, 'Forbidden'],
  ['of that name elsewhere', { namespace: 'other' }, 'Forbidden'],
  ['that is bound to no node', { node: '' }, 'Forbidden'],
  ['that is bound to no pod', { podUid: '' }, 'Forbidden'],
  ['that ended an hour ago', { agoMs: 60 * MINUTE_MS }, 'Unauthenticated'],
])(
  'a token %s is refused for what it says, without a question to the API server',
  async (_case, { agoMs = -MINUTE_MS, ...other }, code) => {
    const { clock, server, codeOf, counts } = start();
    expect(await codeOf(server.issueToken({ ...AGENT, ...other, endMs: clock.wallMs() - agoMs }))).toBe(code);
    expect([counts.reviews, counts.keyReads]).toEqual([0, 0]);
  },
);

test.each(['nonsense', 'a.b', 'a.b.c.d', 'bnVsbA.bnVsbA.x', 'e30.e30.', `${'A'.repeat(10_000)}..`])(
  'what is no token is refused without a question: %.20s',
  async token => {
    const { codeOf, counts } = start();
    expect(await codeOf(token)).toBe('Unauthenticated');
    expect([counts.reviews, counts.keyReads]).toEqual([0, 0]);
  },
);

test('what the API server says of a token counts, not what the token says', async () => {
  const { server, codeOf } = start();
  const holder = { username: 'system:serviceaccount:own:somebody', audiences: ['ours'], extra: {} };
  expect(await codeOf(server.issueToken(AGENT, holder))).toBe('Forbidden');
});

test('forged tokens cost one read of the keys in ten seconds, and no review', async () => {
  const { clock, codeOf, counts } = start();
  const forger = createTokenSigner();
  for (let second = 0; second < 20; second += 1) {
    const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf(forger.sign(AGENT))));
    expect(new Set(codes)).toEqual(new Set(['Unauthenticated']));
    await clock.advance(1_000);
  }
  expect(counts).toMatchObject({ reviews: 0, keyReads: 2 });
});

test.each([
  ['no signature', (token: string) => token.replace(/[^.]*$/, '')],
  [
    'the signature of another token',
    (token: string, other: string) => token.replace(/[^.]*$/, other.split('.')[2] ?? ''),
  ],
  ['no algorithm', (token: string) => withHeader(token, { alg: 'none' })],
  ['an algorithm of another kind of key', (token: string) => withHeader(token, { alg: 'RS256' })],
  ['an algorithm that is the name of a method', (token: string) => withHeader(token, { alg: 'toString' })],
])('a token with %s is no token of the API server', async (_case, spoil) => {
  const { server, codeOf, counts } = start();
  const token = spoil(server.issueToken(AGENT), server.issueToken({ ...AGENT, node: 'n2' }));
  expect([await codeOf(token), counts.reviews]).toEqual(['Unauthenticated', 0]);
});

/** The same token, with other fields in its header. */
function withHeader(token: string, fields: object): string {
  const [head = '', ...rest] = token.split('.');
  const header = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...fields };
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
}

test('a new key of the API server is known ten seconds after the last read of its keys', async () => {
  const { clock, server, codeOf } = start();
  expect(await codeOf(server.issueToken(AGENT))).toBe('accepted');
  server.changeSigner();
  const token = server.issueToken(AGENT);
  expect(await codeOf(token)).toBe('Unauthenticated');
  await clock.advance(10_000);
  expect(await codeOf(token)).toBe('accepted');
});

test('keys that cannot be read again stay known', async () => {
  const { clock, server, codeOf } = start();
  await codeOf(server.issueToken(AGENT));
  server.hideKeys();
  await clock.advance(20 * MINUTE_MS);
  expect(await codeOf(server.issueToken(AGENT))).toBe('accepted');
  expect(await codeOf(createTokenSigner().sign(AGENT))).toBe('Unauthenticated');
});

test('a token is believed for five minutes, and then asked about again', async () => {
  const { clock, server, identify, codeOf, counts } = start();
  const token = server.issueToken(AGENT);
  await identify(token);
  server.revokeToken(token);
  await clock.advance(5 * MINUTE_MS - 1);
  expect(await identify(token)).toMatchObject({ node: 'n1' });
  await clock.advance(1);
  expect(await codeOf(token)).toBe('Unauthenticated');
  expect(counts.reviews).toBe(2);
});

test('a token is believed no longer than it says itself', async () => {
  const { clock, server, identify, codeOf } = start();
  const token = server.issueToken({ ...AGENT, endMs: clock.wallMs() + MINUTE_MS });
  await identify(token);
  server.revokeToken(token);
  await clock.advance(MINUTE_MS - 1);
  expect(await identify(token)).toMatchObject({ node: 'n1' });
  await clock.advance(1);
  expect(await codeOf(token)).toBe('Unauthenticated');
});

test('a token that claims to last a year is believed for five minutes all the same', async () => {
  const { clock, server, identify, counts } = start();
  const token = server.issueToken({ ...AGENT, endMs: clock.wallMs() + 365 * 24 * 60 * MINUTE_MS });
  await identify(token);
  await clock.advance(5 * MINUTE_MS);
  await identify(token);
  expect(counts.reviews).toBe(2);
});

test('what the API server refused is remembered for seconds, and pushes out no token that it accepted', async () => {
  const { clock, server, codeOf, counts } = start();
  const [good, ended] = [server.issueToken(AGENT), server.issueToken(AGENT)];
  server.revokeToken(ended);
  expect([await codeOf(good), await codeOf(ended), await codeOf(ended)]).toEqual([
    'accepted',
    'Unauthenticated',
    'Unauthenticated',
  ]);
  expect(counts.reviews).toBe(2);
  for (let index = 0; index < 2_000; index += 1) {
    const token = server.issueToken(AGENT);
    server.revokeToken(token);
    await codeOf(token);
  }
  expect(await codeOf(good)).toBe('accepted');
  expect(counts.reviews).toBe(2_002);
  await clock.advance(5_000);
  expect([await codeOf(ended), counts.reviews]).toEqual(['Unauthenticated', 2_003]);
});

test('while the API server is away nobody is told that a token is bad, and who is known stays known', async () => {
  const { server, codeOf } = start();
  const [known, unknown] = [server.issueToken(AGENT), server.issueToken(AGENT)];
  await codeOf(known);
  server.cutOff();
  expect([await codeOf(unknown), await codeOf(known)]).toEqual(['IdentityUnavailable', 'accepted']);
  server.restore();
  expect(await codeOf(unknown)).toBe('accepted');
});

test('an API server that hangs makes nobody wait for longer than ten seconds', async () => {
  const { clock, server, codeOf } = start();
  const token = server.issueToken(AGENT);
  server.fallSilent();
  const asked = codeOf(token);
  await clock.advance(10_000);
  expect(await asked).toBe('IdentityUnavailable');
  expect(clock.sleepers()).toBe(0);
});

test('who asks about the same token at once shares one review, and whoever leaves disturbs no other', async () => {
  const { clock, server, identify, identifyUntil, counts } = start({ reviewMs: 1_000 });
  const token = server.issueToken(AGENT);
  const leaving = new AbortController();
  const first = identifyUntil(token, leaving.signal).catch(error => error.message);
  const others = Promise.all([identify(token), identify(token)]);
  leaving.abort(new Error('gone'));
  expect(await first).toBe('gone');
  await clock.advance(1_000);
  expect([(await others).length, counts.reviews]).toEqual([2, 1]);
});

test('agents of all nodes at once wait for their turn', async () => {
  const { clock, server, identify, counts } = start({ reviewMs: 1_000 });
  const all = Promise.all(Array.from({ length: 200 }, () => identify(server.issueToken(AGENT))));
  await clock.advance(8_000);
  expect((await all).length).toBe(200);
  expect(counts).toMatchObject({ reviews: 200, mostAtOnce: 32 });
});

test('where the keys cannot be had, forged tokens cost five reviews a second in the long run, and who is known waits for none', async () => {
  const { clock, server, codeOf, counts } = start({ reviewMs: 10 });
  const known = server.issueToken(AGENT);
  server.hideKeys();
  const seen = codeOf(known);
  await clock.advance(1_000);
  expect(await seen).toBe('accepted');
  await clock.advance(5 * MINUTE_MS);
  const forger = createTokenSigner();
  const forged: Promise<string>[] = [];
  const before = counts.reviews;
  for (let tick = 0; tick < 600; tick += 1) {
    for (let i = 0; i < 8; i += 1) forged.push(codeOf(forger.sign(AGENT), `10.1.0.${i % 20}`));
    if (tick === 300) {
      const again = codeOf(known);
      await clock.advance(10);
      expect(await again).toBe('accepted');
      await clock.advance(90);
    } else await clock.advance(100);
  }
  await clock.advance(20_000);
  const codes = Map.groupBy(await Promise.all(forged), code => code);
  console.log(`of ${forged.length} forged tokens in a minute ${counts.reviews - before - 1} were reviewed`);
  expect(counts.reviews - before - 1).toBeLessThan(5 * 80 + 20 + 8);
  expect([...codes.keys()].sort()).toEqual(['IdentityUnavailable', 'Unauthenticated']);
});

test('where the keys cannot be had, agents whose tokens are good do not slow each other down', async () => {
  const { clock, server, codeOf } = start({ reviewMs: 10 });
  server.hideKeys();
  const all = Promise.all(Array.from({ length: 900 }, (_, n) => codeOf(server.issueToken(AGENT), `10.0.${n % 200}.1`)));
  await clock.advance(2_000);
  expect(new Set(await all)).toEqual(new Set(['accepted']));
});
