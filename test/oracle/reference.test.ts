import {
  InvalidReference,
  normaliseReference,
  parseReference,
  registryOf,
  tryParseReference,
} from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';
import { compare } from './compare.ts';
import { referenceCases } from './reference-cases.ts';

interface Parts {
  readonly domain: string;
  readonly path: string;
  readonly tag: string;
  readonly digest: string;
}

interface Answer {
  readonly parsed?: Parts;
  readonly parseError?: string;
  readonly normalised?: Parts & { readonly canonical: string; readonly familiar: string };
  readonly error?: string;
}

test('references are accepted, split and normalised as ParseNormalizedNamed and TagNameOnly do', async () => {
  const found = await compare<string, Answer>({
    about: 'reference',
    cases: referenceCases,
    ours: verdict,
    theirs: ({ normalised }) =>
      normalised && {
        canonical: normalised.canonical,
        registry: normalised.domain || hostOf(normalised.path),
        tag: normalised.tag,
        digest: normalised.digest,
      },
    branches,
    least: {
      accepted: 210,
      'accepted: short name of Docker Hub': 110,
      'accepted: docker.io or index.docker.io written out': 5,
      'accepted: localhost': 6,
      'accepted: port': 40,
      'accepted: IPv6 host': 10,
      'accepted: upper case host': 20,
      'accepted: host with an underscore': 3,
      'accepted: tag': 90,
      'accepted: digest': 80,
      'accepted: tag and digest': 30,
      'accepted: 200 to 255 characters of path': 20,
      refused: 280,
      'refused: 64-byte hexadecimal': 7,
      'refused: must be lowercase': 12,
      'refused: must not be more than 255 characters': 13,
      'refused: invalid reference format': 220,
      'refused: invalid checksum digest length': 8,
      'refused: invalid checksum digest format': 7,
      'refused: unsupported digest algorithm': 13,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

test('the familiar forms that the original writes are read back as it reads them', async () => {
  const texts = [
    'docker.io/library/nginx',
    'docker.io/a.b/c',
    'docker.io/localhost/c',
    `docker.io/library/${'a'.repeat(64)}`,
  ];
  const familiar = (await callOriginal<Answer>('reference', texts)).map(answer => answer.normalised?.familiar);
  const again = await callOriginal<Answer>('reference', familiar);
  expect(familiar).toEqual(['nginx', 'a.b/c', 'localhost/c', 'a'.repeat(64)]);
  expect(familiar.map(text => verdict(text ?? '')?.canonical)).toEqual(
    again.map(answer => answer.normalised?.canonical),
  );
});

test('on purpose: a host with an underscore is no domain to the original, but runtimes ask it, so we name it', async () => {
  const text = 'my_registry.example/app:1';
  const [answer] = await callOriginal<Answer>('reference', [text]);
  expect(answer?.normalised).toMatchObject({ domain: '', path: 'my_registry.example/app' });
  expect(normaliseReference(text)).toBe(answer?.normalised?.canonical);
  expect(registryOf(text)).toBe('my_registry.example');
});

test.each([
  ['an image ID is a fine name to Parse; kubelet and runtimes refuse it, so do we', 'a'.repeat(64)],
  ['Parse counts no library/ in the length; a registry would, so do we', 'a'.repeat(255)],
])('on purpose: %s', async (_why, text) => {
  const [answer] = await callOriginal<Answer>('reference', [text]);
  expect(answer?.parsed).toBeDefined();
  expect(answer?.normalised).toBeUndefined();
  expect(() => parseReference(text)).toThrow(InvalidReference);
});

test('on purpose: Parse reads team/app as host team; runtimes find it on Docker Hub, so do we', async () => {
  const [answer] = await callOriginal<Answer>('reference', ['team/app']);
  expect(answer?.parsed).toMatchObject({ domain: 'team', path: 'app' });
  expect(answer?.normalised).toMatchObject({ domain: 'docker.io', path: 'team/app' });
  expect(parseReference('team/app')).toEqual({ path: 'team/app' });
});

function verdict(text: string) {
  const reference = tryParseReference(text);
  if (reference === undefined) return undefined;
  const { tag = '', digest = '' } = reference;
  return { canonical: normaliseReference(text), registry: registryOf(text), tag, digest };
}

function hostOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

function branches(text: string, { normalised, error = '' }: Answer): string[] {
  if (normalised === undefined) return ['refused', `refused: ${reasonIn(error)}`];
  const { domain, path, tag, digest } = normalised;
  const taken = {
    'short name of Docker Hub': domain === 'docker.io' && !/^(index\.)?docker\.io\//.test(text),
    'docker.io or index.docker.io written out': /^(index\.)?docker\.io\//.test(text),
    localhost: /^localhost(:\d+)?$/.test(domain),
    port: /:\d+$/.test(domain),
    'IPv6 host': domain.startsWith('['),
    'upper case host': domain !== domain.toLowerCase(),
    'host with an underscore': domain === '',
    tag: tag !== '',
    digest: digest !== '',
    'tag and digest': tag !== '' && digest !== '',
    '200 to 255 characters of path': path.length >= 200,
  };
  const names = Object.entries(taken).filter(([, hit]) => hit);
  return ['accepted', ...names.map(([name]) => `accepted: ${name}`)];
}

/** The part of the original's message that does not depend on the case. */
function reasonIn(error: string): string {
  return error
    .replace(/^invalid repository name \(.*\), cannot specify (64-byte hexadecimal) strings$/s, '$1')
    .replace(/^invalid reference format: repository name \(.*\) (must be lowercase)$/s, '$1')
    .replace(/^repository name /, '');
}
