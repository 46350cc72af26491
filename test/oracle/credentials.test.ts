import {
  matchCredentials,
  matchesImage,
  type ParsedDockerConfig,
  parsePullSecret,
  type RegistryEntry,
} from '@kube-prefetch/keyring';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';
import { compare } from './compare.ts';
import { type CredentialsCase, credentialsCases, type RegistryCase, registryCases } from './credentials-cases.ts';

interface Found {
  readonly secret: number;
  readonly username: string;
  readonly password: string;
}

interface Answer {
  readonly secrets: readonly ('decoded' | 'undecodable' | 'ignored')[];
  readonly fails: boolean;
  readonly lookups: readonly {
    readonly noReference?: true;
    readonly found: readonly Found[];
    readonly sorted: readonly Found[];
  }[];
}

test('pull secrets are decoded, and their credentials matched and ordered, as MakeDockerKeyring and Lookup do', async () => {
  const found = await compare<CredentialsCase, Answer>({
    about: 'credentials',
    cases: credentialsCases,
    ours: one => {
      const { verdicts, keyring } = open(one);
      const lookups = one.images.map(image => matchCredentials(keyring, image).map(shown));
      return { verdicts, lookups, unordered: lookups.map(all => all.toSorted()) };
    },
    theirs: ({ secrets, lookups }) => ({
      verdicts: secrets,
      lookups: lookups.map(({ sorted }) => sorted.map(decoded)),
      // Their own order among the keys of one secret is random.
      unordered: lookups.map(all => all.found.map(decoded).toSorted()),
    }),
    branches: (one, answer) => [...branches(one, answer)],
    least: {
      'a secret is decoded': 700,
      'a secret is decoded, with names in another case': 200,
      'a secret is decoded, with names spelled by escapes': 200,
      'a secret is decoded, with auths twice': 100,
      'a secret is decoded, with a name twice in one entry': 30,
      'a secret is decoded, with identitytoken': 100,
      'a secret is ignored': 80,
      'a secret is undecodable': 250,
      'a secret is undecodable: no JSON': 50,
      'a secret is undecodable: expected an object': 40,
      'a secret is undecodable: expected text': 12,
      'a secret is undecodable: expected base64 of name:password': 60,
      'the kubelet fails although a secret can be decoded': 150,
      'no reference': 60,
      '0 found': 500,
      '1 found': 200,
      '2 found': 50,
      '3 or more found': 10,
      'found in several secrets': 25,
      'found in another order than sorted: two spellings of one key': 6,
      'found: neither name nor password': 40,
      'found: plain': 100,
      'found: scheme': 100,
      'found: path': 80,
      'found: wildcard in the host': 80,
      "found: Docker's own key": 80,
      'found: port': 8,
      'found: IPv6': 5,
      'found: character class': 2,
      'found: upper case': 5,
      'found: escape': 8,
      'found: query or fragment': 6,
      'found: user in the key': 8,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

test('on purpose: one secret that cannot be decoded fails the kubelet’s pull; we leave it out and use the others', async () => {
  const good = { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': '{"reg.example":{"auth":"bWU6cA=="}}' } };
  const bad = { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': '{"other.example":{"auth":"bWU6cA="}}' } };
  const one: CredentialsCase = { secrets: [bad, good], images: ['reg.example/app'] };
  const [answer] = await callOriginal<Answer>('credentials', [one]);
  expect(answer).toMatchObject({ fails: true, secrets: ['undecodable', 'decoded'] });
  const { verdicts, keyring } = open(one);
  expect(verdicts).toEqual(['undecodable', 'decoded']);
  expect(matchCredentials(keyring, 'reg.example/app')).toMatchObject([{ username: 'me', password: 'p' }]);
});

test('matchImages are compared with images as URLsMatchStr does', async () => {
  const found = await compare<RegistryCase, { noReference?: true; matches: boolean; error?: string }>({
    about: 'registry',
    cases: registryCases,
    ours: ({ pattern, image }) => matchesImage(pattern, image),
    theirs: ({ matches }) => matches,
    branches: ({ pattern }, { noReference, matches, error }) => {
      if (noReference) return ['no reference'];
      const outcome = matches ? 'matches' : error === undefined ? 'does not match' : 'an error';
      if (error !== undefined) return [outcome, `an error: ${reasonIn(error)}`];
      return [outcome, ...(matches ? kindsOf(pattern).map(kind => `matches: ${kind}`) : [])];
    },
    least: {
      'no reference': 20,
      matches: 50,
      'matches: plain': 10,
      'matches: path': 4,
      'matches: wildcard in the host': 30,
      'matches: port': 1,
      'matches: IPv6': 1,
      'matches: character class': 1,
      'matches: upper case': 1,
      'matches: escape': 1,
      'matches: query or fragment': 1,
      'matches: user in the key': 1,
      'does not match': 400,
      'an error': 100,
      'an error: invalid IP-literal': 20,
      'an error: invalid character in host name': 18,
      'an error: invalid port after host': 20,
      'an error: net/url: invalid control character in URL': 9,
      'an error: net/url: invalid userinfo': 1,
      'an error: invalid host': 8,
      'an error: invalid URL escape': 12,
      "an error: missing ']' in host": 1,
      'an error: syntax error in pattern': 1,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

interface Numbered extends RegistryEntry {
  readonly secret: number;
}

/** The keys of one secret are sorted, as the oracle adds them. */
function open({ secrets }: CredentialsCase): { verdicts: readonly string[]; keyring: readonly Numbered[] } {
  const parsed = secrets.map(parse);
  return {
    verdicts: parsed.map(one => {
      if ('entries' in one) return 'decoded';
      return /^it has nothing|^its type/.test(one.problem) ? 'ignored' : 'undecodable';
    }),
    keyring: parsed.flatMap((one, secret) =>
      'entries' in one
        ? one.entries
            .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
            .map(entry => ({ ...entry, secret }))
        : [],
    ),
  };
}

function parse({ type, data }: CredentialsCase['secrets'][number]): ParsedDockerConfig {
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return parsePullSecret({ type, data: Object.fromEntries(encoded) });
}

function problemOf(secret: CredentialsCase['secrets'][number]): string {
  const parsed = parse(secret);
  return 'problem' in parsed ? parsed.problem : '';
}

function shown(entry: RegistryEntry): string {
  const { secret, username, password } = entry as Numbered;
  return JSON.stringify([secret, username, password]);
}

function decoded({ secret, username, password }: Found): string {
  return JSON.stringify([secret, ...[username, password].map(bytes => Buffer.from(bytes, 'base64').toString('utf8'))]);
}

function branches(one: CredentialsCase, { secrets, fails, lookups }: Answer): Set<string> {
  const taken = new Set(secrets.map(verdict => `a secret is ${verdict}`));
  for (const [index, verdict] of secrets.entries())
    for (const detail of detailsOf(one.secrets[index], verdict)) taken.add(`a secret is ${verdict}${detail}`);
  if (fails && secrets.includes('decoded')) taken.add('the kubelet fails although a secret can be decoded');
  const { keyring } = open(one);
  for (const [index, { noReference, found, sorted }] of lookups.entries()) {
    const image = one.images[index] ?? '';
    const entries = matchCredentials(keyring, image) as readonly Numbered[];
    taken.add(noReference ? 'no reference' : `${found.length > 2 ? '3 or more' : found.length} found`);
    for (const { key } of entries) for (const kind of kindsOf(key)) taken.add(`found: ${kind}`);
    if (new Set(entries.map(({ secret }) => secret)).size > 1) taken.add('found in several secrets');
    if (JSON.stringify(found) !== JSON.stringify(sorted))
      taken.add('found in another order than sorted: two spellings of one key');
    if (found.some(({ username, password }) => username === '' && password === ''))
      taken.add('found: neither name nor password');
  }
  return taken;
}

function detailsOf(secret: CredentialsCase['secrets'][number] | undefined, verdict: string): readonly string[] {
  const text = Object.values(secret?.data ?? {}).join('');
  if (secret === undefined || verdict === 'ignored') return [];
  if (verdict === 'undecodable') return [`: ${/no JSON|expected .*/.exec(problemOf(secret))?.[0]}`];
  return [
    ...(/"(AUTH|Auth|[^"]*ſ|USERNAME|Username)/.test(text) ? [', with names in another case'] : []),
    ...(text.includes('\\u00') ? [', with names spelled by escapes'] : []),
    ...(/"auths":.*"auths":/s.test(text) ? [', with auths twice'] : []),
    ...(/\{[^{}]*"(auth|username)"[^{}]*"\1"/.test(text) ? [', with a name twice in one entry'] : []),
    ...(text.includes('identitytoken') ? [', with identitytoken'] : []),
  ];
}

function kindsOf(key: string): readonly string[] {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  const kinds = {
    plain: /^[a-z0-9.]+$/.test(key),
    scheme: /^https?:/.test(key),
    'wildcard in the host': host.includes('*'),
    'character class': /^\[[^\]]*\]$/.test(host),
    port: /:\d+$/.test(host),
    path: /\/[^/]/.test(key.replace(/^https?:\/\//, '')),
    "Docker's own key": host === 'index.docker.io',
    IPv6: host.startsWith('['),
    escape: key.includes('%'),
    'query or fragment': /[?#]/.test(key),
    'user in the key': host.includes('@'),
    'upper case': /[A-Z]/.test(host),
  };
  return Object.entries(kinds).flatMap(([kind, hit]) => (hit ? [kind] : []));
}

/** The part of the original's message that does not depend on the case. */
function reasonIn(error: string): string {
  return error
    .replace(/^parse ".*": /s, '')
    .replaceAll(/ ?".*"/gs, '')
    .replace(/: ParseAddr.*/s, '');
}
