import { aResource, arbitraryState, aState } from '@kube-prefetch/core/testing';
import { type ImageCredentials, MAX_CREDENTIALS_EACH } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import { type PullSecrets, type SecretRef, secretName } from '../asks/pull-secrets.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { askersOf, offerCredentials, type SecretState, secretsOf } from './offer-credentials.ts';

const IMAGE = 'r.example/team/app:1';
const entry = (password: string, key = 'r.example') => ({ key, username: 'u', password });
const ref = (name: string, namespace = 'shop') => ({ namespace, name });
const bringing = (...keyrings: SecretRef[][]): PullSecrets => ({ keyrings });

const STATES: Readonly<Record<string, SecretState>> = {
  'shop/one': { entries: [entry('one')] },
  'shop/two': { entries: [entry('two-plain'), entry('two-longer', 'r.example/team')] },
  'shop/same': { entries: [entry('one')] },
  'shop/other': { entries: [entry('other', 'other.example')] },
  'shop/gone': { reason: 'PullSecretMissing', sentence: 'secret shop/gone does not exist' },
  'shop/closed': { reason: 'PullSecretForbidden', sentence: 'secret shop/closed may not be read' },
};
const stateOf = (secret: SecretRef) => STATES[secretName(secret)] as SecretState;

test('a rewritten image is pulled with the credential of the registry that nodes ask, and not of the one that is written', () => {
  const spec = {
    images: ['other.example/team/app:1'],
    rewrite: [{ from: 'other.example/', to: 'r.example/' }],
    imagePullSecrets: [{ name: 'one' }, { name: 'other' }],
  };
  const { asks } = collectAsks(aState({ resources: [aResource({ spec })], ownNamespace: 'kube-prefetch' }));
  expect(asks.map(({ image }) => image)).toEqual([IMAGE]);
  const { credentials } = offerCredentials(IMAGE, [asks[0]?.pullSecrets as PullSecrets], stateOf);
  expect(credentials.map(({ password }) => password)).toEqual(['one']);
});

describe('what an image is pulled with', () => {
  const gone = 'secret shop/gone does not exist';
  const closed = 'secret shop/closed may not be read';
  test.each<[string, PullSecrets[], Partial<ImageCredentials>]>([
    ['nobody brings a secret: without credentials', [bringing()], { anonymous: true }],
    ['one that matches', [bringing([ref('one')])], { credentials: ['one'] as never }],
    ['one of another registry', [bringing([ref('other')])], { anonymous: true }],
    [
      'one keyring in the order of the kubelet, the other after it',
      [bringing([ref('one'), ref('two')], [ref('one')])],
      { credentials: ['two-longer', 'one', 'two-plain'] as never },
    ],
    ['equal ones once', [bringing([ref('one'), ref('same')])], { credentials: ['one'] as never }],
    [
      'what is missing is named, and the rest used',
      [bringing([ref('gone'), ref('one')])],
      { credentials: ['one'] as never, problems: [gone] },
    ],
    ['what is missing alone', [bringing([ref('gone')])], { anonymous: true, problems: [gone] }],
    ['what may not be read alone: the image waits', [bringing([ref('closed')])], { waitFor: closed }],
    [
      'what may not be read beside one that matches',
      [bringing([ref('closed'), ref('one')])],
      { credentials: ['one'] as never, problems: [closed] },
    ],
    [
      "another asker's, while one waits",
      [bringing([ref('closed')]), bringing([ref('one')])],
      { credentials: ['one'] as never, problems: [closed] },
    ],
    [
      'without credentials for another asker, while one waits',
      [bringing([ref('closed')]), bringing()],
      { anonymous: true, problems: [closed] },
    ],
    [
      'a ServiceAccount that nobody could read',
      [{ keyrings: [], account: { name: 'shop/web', lacks: 'reading' } }],
      { waitFor: 'ServiceAccount shop/web: ServiceAccounts have not been read yet' },
    ],
  ])('%s', (_what, askers, expected) => {
    const { credentials, ...rest } = offerCredentials(IMAGE, askers, stateOf);
    expect({ ...rest, credentials: credentials.map(({ password }) => password) }).toEqual({
      image: IMAGE,
      credentials: [],
      anonymous: false,
      problems: [],
      ...expected,
    });
  });

  test('secrets of one namespace, however many and long, push out no other', () => {
    const many = Array.from({ length: 100 }, (_, n) => ref(`s${n}`, 'flood'));
    const flood = Array.from({ length: 5 }, (_, n) => bringing(many.slice(n * 20, n * 20 + 20)));
    for (const long of ['', 'x'.repeat(16_000)]) {
      const read = (secret: SecretRef): SecretState =>
        secret.namespace === 'flood' ? { entries: [entry(`${secret.name}${long}`)] } : stateOf(secret);
      const offered = offerCredentials(IMAGE, [...flood, bringing([ref('one')])], read);
      expect(offered.credentials.at(-1)).toEqual({ from: 'secret shop/one', username: 'u', password: 'one' });
      expect(offered.credentials.length).toBeLessThanOrEqual(MAX_CREDENTIALS_EACH);
      expect(JSON.stringify(offered.credentials).length).toBeLessThan(70_000);
      expect(offered.problems[0]).toBe(
        `secret flood/s${long === '' ? 63 : 4}: left out, too many or too long credentials match`,
      );
    }
  });
});

test('of secrets with very many entries only some are looked at, and none of another namespace is left out for them', () => {
  const entries = Array.from({ length: 1_000 }, (_, n) => entry(`p${n}`, `r.example/team/a${n}`));
  const askers = Array.from({ length: 50 }, (_, n) => bringing([ref(`s${n}`, 'flood')]));
  const read = (secret: SecretRef): SecretState => (secret.namespace === 'flood' ? { entries } : stateOf(secret));
  const offered = offerCredentials(IMAGE, [...askers, bringing([ref('one')])], read);
  expect(offered.credentials.map(({ password }) => password)).toEqual(['one']);
  expect(offered.problems[0]).toBe('secret flood/s2: left out, too many entries');
});

test('of many namespaces with very many entries only some are looked at, and those with few are not left out for them', () => {
  const looked = { times: 0 };
  const counted = (key: string) =>
    Object.defineProperty(entry('p', key), 'key', { enumerable: true, get: () => ((looked.times += 1), key) });
  const entries = Array.from({ length: 2_000 }, (_, n) => counted(`r.example/team/a${n}`));
  const askers = Array.from({ length: 50 }, (_, n) => bringing([ref('flood', `n${n}`)]));
  const read = (secret: SecretRef): SecretState => (secret.name === 'flood' ? { entries } : stateOf(secret));
  const offered = offerCredentials(IMAGE, [...askers, bringing([ref('one')])], read);
  expect(offered.credentials.map(({ password }) => password)).toEqual(['one']);
  expect(looked.times).toBeLessThanOrEqual(8_000);
});

const NAMESPACES = ['shop', 'ops', 'lab', 'kube-prefetch'];
const secretState: fc.Arbitrary<SecretState> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(
        fc.record({
          key: fc.constantFrom('r.example', 'r.example/team', 'docker.io', 'https://index.docker.io/v1/', 'other'),
          username: fc.constant('u'),
          password: fc.constantFrom('p', 'q'),
        }),
        { maxLength: 3 },
      )
      .map(entries => ({ entries })),
  },
  fc.constant<SecretState>({ reason: 'PullSecretInvalid', sentence: 'invalid' }),
  fc.constant<SecretState>({ reason: 'PullSecretUnread', sentence: 'unread' }),
);
const secrets = fc.record(
  Object.fromEntries(
    NAMESPACES.flatMap(namespace => ['regcred', 'cloud'].map(name => [`${namespace}/${name}`, secretState])),
  ),
);

const hits = new Map<string, number>();
const hit = (branch: string, happened: boolean) => hits.set(branch, (hits.get(branch) ?? 0) + Number(happened));
const textOf = ({ username, password, identityToken }: ImageCredentials['credentials'][number]) =>
  JSON.stringify([username, password, identityToken]);

test('removing every other ask never changes what the pull of one may use, and no node gets what none of its own brings', () => {
  fc.assert(
    fc.property(arbitraryState, secrets, (state, known) => {
      const read = (secret: SecretRef) => known[secretName(secret)] as SecretState;
      for (const cohort of groupNodes(collectAsks(state).asks, state.nodes)) {
        for (const image of new Set(cohort.asks.map(ask => ask.image))) {
          const askers = askersOf(cohort.asks, image);
          const all = offerCredentials(image, askers, read);
          const offered = all.credentials.map(textOf);
          const brought = secretsOf(askers).map(secret => `secret ${secretName(secret)}`);
          expect(brought).toEqual(expect.arrayContaining(all.credentials.map(({ from }) => from)));
          for (const ask of cohort.asks.filter(one => one.image === image && one.start)) {
            const alone = offerCredentials(image, askersOf([ask], image), read);
            const own = alone.credentials.map(textOf);
            expect(offered).toEqual(expect.arrayContaining(own));
            // An ask before it may bring the same ones, in its own order.
            const before = askers.slice(0, askers.indexOf(ask.pullSecrets));
            const earlier = offerCredentials(image, before, read).credentials.map(textOf);
            const only = own.filter(text => !earlier.includes(text));
            expect(offered.filter(text => only.includes(text))).toEqual(only);
            if (alone.anonymous) expect(all.anonymous).toBe(true);
            if (alone.waitFor === undefined) expect(all.waitFor).toBeUndefined();
            hit('an ask alone brings credentials', own.length > 0);
            hit('others bring more', offered.length > own.length);
            hit('others bring the same', own.length > only.length);
            hit('an ask alone is pulled without', alone.anonymous && own.length === 0);
            hit(
              'an ask alone waits, with others it does not',
              alone.waitFor !== undefined && all.waitFor === undefined,
            );
            hit('all wait', all.waitFor !== undefined);
          }
        }
      }
    }),
    { numRuns: 3_000 },
  );
  process.stdout.write(`offers: ${JSON.stringify(Object.fromEntries(hits))}\n`);
  expect(Math.min(...hits.values())).toBeGreaterThan(0);
});

test('a Prefetch, ours or of cache.techsquad.rocks, never leads to a secret of another namespace, whatever it finds', () => {
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(arbitraryState, state => {
      for (const { resource, sources, pullSecrets } of collectAsks(state).asks) {
        const found = sources.map(source => / (.*)\//.exec(source)?.[1] ?? '');
        const allowed = resource.namespace === undefined ? [...found, state.ownNamespace] : [resource.namespace];
        const namespaces = pullSecrets.keyrings.flat().map(({ namespace }) => namespace);
        expect(namespaces.filter(namespace => !allowed.includes(namespace))).toEqual([]);
        for (const _ of namespaces) kinds.set(resource.kind, (kinds.get(resource.kind) ?? 0) + 1);
      }
    }),
    { numRuns: 3_000 },
  );
  process.stdout.write(`secrets by kind: ${JSON.stringify(Object.fromEntries(kinds))}\n`);
  expect(Math.min(...kinds.values())).toBeGreaterThan(500);
});
