import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createProviderCache } from './provider-cache.ts';
import { parseProviderConfig, providerConfigFiles } from './provider-config.ts';
import { parseProviderResponse, providerRequest } from './provider-exchange.ts';

const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const ECR = {
  name: 'ecr-credential-provider',
  matchImages: ['*.dkr.ecr.*.amazonaws.com'],
  defaultCacheDuration: '12h',
  apiVersion: V1,
};
const TOKEN = { serviceAccountTokenAudience: 'a', cacheType: 'Token', requireServiceAccount: true };
const config = (providers: unknown, version = 'v1') =>
  JSON.stringify({ kind: 'CredentialProviderConfig', apiVersion: `kubelet.config.k8s.io/${version}`, providers });
const file = (text: string, name = 'a.yaml') => ({ name, text });

test('a configuration in YAML is read, and a provider that wants a token is left out with its reason', () => {
  const text = `
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: ecr-credential-provider
  matchImages: ["*.dkr.ecr.*.amazonaws.com"]
  defaultCacheDuration: 12h
  apiVersion: ${V1}
  args: [get-credentials]
  env:
  - name: AWS_PROFILE
    value: default
- name: acr
  matchImages: ["*.azurecr.io"]
  defaultCacheDuration: 10m
  apiVersion: ${V1}
  tokenAttributes: {serviceAccountTokenAudience: a, cacheType: Token, requireServiceAccount: true}
`;
  expect(parseProviderConfig([file(text)])).toEqual({
    providers: [
      {
        name: 'ecr-credential-provider',
        apiVersion: V1,
        matchImages: ['*.dkr.ecr.*.amazonaws.com'],
        defaultCacheMs: 12 * 3_600_000,
        args: ['get-credentials'],
        env: [{ name: 'AWS_PROFILE', value: 'default' }],
      },
    ],
    leftOut: [{ name: 'acr', reason: 'wants a ServiceAccount token, which only a pod has' }],
  });
});

test('files of a folder are joined in the order of their names', () => {
  expect(providerConfigFiles(['b.yml', 'a.yaml', '.json', 'a.yaml~', 'c.JSON'])).toEqual(['.json', 'a.yaml', 'b.yml']);
  const parsed = parseProviderConfig([file(config([ECR])), file(config([{ ...ECR, name: 'b' }], 'v1beta1'), 'b.json')]);
  expect(parsed).toMatchObject({ providers: [{ name: ECR.name }, { name: 'b' }], leftOut: [] });
});

test.each<[string[], string[]]>([
  [[], ['there is no file that ends in .json, .yaml or .yml']],
  [[config([])], ['there is no provider']],
  [['{"kind": x}'], ['a.yaml: it is neither JSON nor YAML']],
  [['a: &a [*a]'], ['a.yaml: it is neither JSON nor YAML']],
  [
    [config([ECR], 'v2')],
    [expect.stringMatching(/^a.yaml: it is no CredentialProviderConfig of kubelet.config.k8s.io\/v1, /)],
  ],
  [[config([ECR]), config([ECR])], ['the provider "ecr-credential-provider" is there twice']],
  [[config([{ ...ECR, image: 'x' }])], ['a.yaml: providers[0] has "image", which is unknown']],
  [
    [config([{ ...ECR, tokenAttributes: TOKEN }], 'v1alpha1')],
    ['a.yaml: providers[0] has "tokenAttributes", which is unknown'],
  ],
  [
    [config([{ ...ECR, env: [{ name: 'A', value: 5 }] }])],
    ['a.yaml: providers[0].env[0].value is a number, expected text'],
  ],
  [
    [config([{ ...ECR, defaultCacheDuration: '1d' }])],
    ['a.yaml: providers[0].defaultCacheDuration is no duration such as 1h30m or 0s'],
  ],
  [
    [config([{ ...ECR, name: 'a/b', matchImages: [], apiVersion: 'v1' }])],
    [
      'the provider "a/b": its name has a slash or a blank',
      expect.stringMatching(/its apiVersion is none of credentialprovider.kubelet.k8s.io\/v1, /),
      'the provider "a/b": it has no matchImages',
    ],
  ],
])('%j has the problems %j', (texts, problems) => {
  expect(parseProviderConfig(texts.map(text => file(text)))).toEqual({ problems });
});

test('no file makes parsing throw, and no problem repeats a value of the environment', () => {
  const hits = { config: 0, problem: 0 };
  const odd = fc.constantFrom('canary', 'canary', 'canary', 5, null, { canary: 1 }, ['canary']);
  const env = fc.record({ name: fc.constant('A'), value: odd }).map(variable => config([{ ...ECR, env: [variable] }]));
  const nested = ['[', '- ', '{a: ', '? ', '&a ', '!!set {'].map(text => text.repeat(20_000));
  const damaged = fc.tuple(env, fc.nat(200)).map(([text, at]) => text.slice(at) + text.slice(0, at));
  const text = fc.oneof(env, damaged, fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(text, content => {
      const parsed = parseProviderConfig([file(content)]);
      hits['problems' in parsed ? 'problem' : 'config'] += 1;
      if ('problems' in parsed && content.startsWith('{"kind"'))
        expect(parsed.problems.join()).not.toMatch(/canary\b(?!")/);
    }),
    { numRuns: 300, examples: nested.map(one => [one]) },
  );
  process.stdout.write(`configurations of plugins: ${JSON.stringify(hits)}\n`);
  expect(Math.min(hits.config, hits.problem)).toBeGreaterThan(10);
});

test('a plugin is asked for the repository, without tag and digest', () => {
  expect(providerRequest(V1, 'nginx:1.27')).toBe(
    `{"kind":"CredentialProviderRequest","apiVersion":"${V1}","image":"docker.io/library/nginx"}\n`,
  );
});

const answer = (more: object) =>
  JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: V1, cacheKeyType: 'Image', ...more });

test('an answer gives entries of a keyring, and how long they may be kept', () => {
  const auth = { 'r.example': { username: 'me', password: 'p' }, 's.example': null };
  expect(parseProviderResponse(answer({ auth, cacheDuration: '1h' }), V1)).toEqual({
    cacheKeyType: 'Image',
    cacheMs: 3_600_000,
    entries: [
      { key: 'r.example', username: 'me', password: 'p' },
      { key: 's.example', username: '', password: '' },
    ],
  });
  expect(parseProviderResponse(answer({ auth: null }), V1)).toEqual({ cacheKeyType: 'Image', entries: [] });
});

test.each([
  ['canary', 'its answer is no JSON'],
  [answer({ apiVersion: `${V1}beta1` }), `its answer is no CredentialProviderResponse of ${V1}`],
  [answer({ kind: 'canary' }), `its answer is no CredentialProviderResponse of ${V1}`],
  [answer({ cacheKeyType: 'canary' }), 'the cacheKeyType of its answer is none of Image, Registry, Global'],
  [answer({ cacheDuration: 'canary' }), 'its answer: cacheDuration is no duration such as 1h30m or 0s'],
  [answer({ canary: 1 }), 'its answer: it has a field, which is unknown'],
  [answer({ auth: { canary: { canary: 1 } } }), 'its answer: auth[0] has a field, which is unknown'],
  [answer({ auth: { canary: { password: 5 } } }), 'its answer: auth[0].password is a number, expected text'],
  [' '.repeat(1024 * 1024 + 1), 'it answered more than 1048576 bytes'],
])('the answer %.80j is refused: %s', (output, problem) => {
  expect(parseProviderResponse(output, V1)).toEqual({ problem });
});

test('no output makes parsing throw, and no problem repeats any of it', () => {
  const hits = { answer: 0, problem: 0 };
  const odd = fc.constantFrom('canary', 'canary', 'canary', 'canary', null, 5, { canary: 'canary' }, ['canary']);
  const pair = fc.record({ username: odd, password: odd }, { requiredKeys: [] });
  const auth = fc.oneof(odd, fc.dictionary(fc.constantFrom('canary', 'a'), fc.oneof(odd, pair), { maxKeys: 2 }));
  const output = fc
    .record(
      { auth, cacheKeyType: fc.constantFrom('Image', 'canary'), cacheDuration: fc.constantFrom('1h', null, 'canary') },
      { requiredKeys: [] },
    )
    .map(answer);
  fc.assert(
    fc.property(
      fc.oneof(
        output,
        output.map(text => text.slice(1)),
        fc.string({ unit: 'binary' }),
      ),
      text => {
        const parsed = parseProviderResponse(text, V1);
        hits['problem' in parsed ? 'problem' : 'answer'] += 1;
        if ('problem' in parsed) expect(parsed.problem).not.toContain('canary');
      },
    ),
    { numRuns: 5_000 },
  );
  process.stdout.write(`answers of plugins: ${JSON.stringify(hits)}\n`);
  expect(hits.answer).toBeGreaterThan(100);
  expect(hits.problem).toBeGreaterThan(1_000);
});

const entries = [{ key: 'r.example', username: 'me', password: 'p' }];

test.each([
  ['Image', 'r.example/a:1', ['r.example/a@sha256:' + 'a'.repeat(64)], ['r.example/b', 's.example/a']],
  ['Registry', 'r.example/a', ['r.example/b:1'], ['r.example:5000/a', 's.example/a']],
  ['Global', 'r.example/a', ['r.example:5000/b', 'nginx'], ['no reference']],
] as const)('an answer for %s of %s counts for %j and not for %j', (cacheKeyType, image, same, others) => {
  const cache = createProviderCache({ defaultCacheMs: 10 });
  cache.keep(image, { cacheKeyType, entries }, 0);
  expect(same.map(other => cache.find(other, 10))).toEqual(same.map(() => entries));
  expect(others.map(other => cache.find(other, 10))).toEqual(others.map(() => undefined));
  expect(cache.find(image, 11)).toBeUndefined();
  cache.forget(image);
  expect(cache.find(image, 10)).toBeUndefined();
});

test.each([
  [{ defaultCacheMs: 10 }, { cacheMs: 0 }],
  [{ defaultCacheMs: 10 }, { cacheMs: -1 }],
  [{ defaultCacheMs: 0 }, {}],
])('by %j an answer with %j is not kept', (provider, response) => {
  const cache = createProviderCache(provider);
  cache.keep('r.example/a', { cacheKeyType: 'Global', entries, ...response }, 0);
  expect(cache.find('r.example/a', 0)).toBeUndefined();
});

test('a thousand answers are kept, the newest', () => {
  const cache = createProviderCache({ defaultCacheMs: 1 });
  for (let number = 0; number <= 1_000; number += 1)
    cache.keep(`r.example/a${number}`, { cacheKeyType: 'Image', entries }, 0);
  expect(['r.example/a0', 'r.example/a1', 'r.example/a1000'].map(image => cache.find(image, 0))).toEqual([
    undefined,
    entries,
    entries,
  ]);
});
