import {
  createProviderCache,
  type CredentialProvider,
  matchCredentials,
  matchesImage,
  parseProviderConfig,
  parseProviderResponse,
  providerConfigFiles,
  providerRequest,
} from '@kube-prefetch/keyring';
import { parseReference } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';
import { compare } from './compare.ts';
import {
  type ProviderConfigCase,
  providerConfigCases,
  type ProvidersCase,
  providersCases,
  yamlCases,
} from './provider-cases.ts';

interface ConfigAnswer {
  readonly unreadable?: string;
  readonly invalid?: readonly string[];
  readonly providers:
    | readonly {
        readonly name: string;
        readonly apiVersion: string;
        readonly matchImages: readonly string[];
        readonly cacheNs: number;
        readonly args: readonly string[];
        readonly env: readonly (readonly [name: string, value: string])[];
        readonly wantsToken: boolean;
      }[]
    | null;
}

test('configurations of credential providers are read, joined and refused as the kubelet does', async () => {
  const found = await compare<ProviderConfigCase, ConfigAnswer>({
    about: 'provider config',
    cases: providerConfigCases,
    ours: readConfig,
    theirs: ({ unreadable, invalid, providers }) => {
      if (unreadable !== undefined || invalid !== undefined) return 'refused';
      const all = providers ?? [];
      return {
        providers: all.filter(one => !one.wantsToken),
        leftOut: all.filter(one => one.wantsToken).map(one => one.name),
      };
    },
    branches: (_one, { unreadable, invalid, providers }) => {
      if (unreadable !== undefined) return ['unreadable', `unreadable: ${reasonIn(unreadable)}`];
      if (invalid !== undefined)
        return ['invalid', ...new Set(invalid.map(text => `invalid: ${/^[a-zA-Z.]+/.exec(text)?.[0]}`))];
      return ['accepted', ...((providers ?? []).some(one => one.wantsToken) ? ['accepted: wants a token'] : [])];
    },
    least: {
      accepted: 150,
      'accepted: wants a token': 25,
      unreadable: 300,
      'unreadable: no file': 25,
      'unreadable: another kind or version': 30,
      'unreadable: an unknown field': 30,
      'unreadable: a doubled field': 5,
      'unreadable: a value of another type': 40,
      'unreadable: no duration': 60,
      'unreadable: no JSON': 7,
      'unreadable: no YAML': 20,
      'unreadable: a provider twice': 15,
      invalid: 120,
      'invalid: providers': 2,
      'invalid: providers.name': 12,
      'invalid: providers.apiVersion': 25,
      'invalid: providers.matchImages': 30,
      'invalid: providers.defaultCacheDuration': 6,
      'invalid: providers.tokenAttributes': 20,
      'invalid: providers.tokenAttributes.cacheType': 12,
      'invalid: providers.tokenAttributes.serviceAccountTokenAudience': 20,
      'invalid: providers.tokenAttributes.requireServiceAccount': 8,
      'invalid: providers.tokenAttributes.requiredServiceAccountAnnotationKeys': 10,
      'invalid: providers.tokenAttributes.optionalServiceAccountAnnotationKeys': 20,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

test('on purpose: corners of YAML may be refused by one reader alone, but none is read as another text', async () => {
  const answers = await callOriginal<ConfigAnswer>(
    'provider config',
    yamlCases.map(one => one.config),
  );
  const read = yamlCases.map(({ scalar, config }, index) => {
    const ours = readConfig(config);
    const { unreadable, providers } = answers[index] as ConfigAnswer;
    return {
      scalar,
      ours: ours === 'refused' ? undefined : ours.providers[0]?.args,
      theirs: unreadable === undefined ? providers?.[0]?.args : undefined,
    };
  });
  const both = read.filter(({ ours, theirs }) => ours !== undefined && theirs !== undefined);
  expect(both.map(({ ours }) => ours)).toEqual(both.map(({ theirs }) => theirs));
  expect(both.length).toBeGreaterThan(15);
  const wrongly = (by: 'ours' | 'theirs', not: 'ours' | 'theirs') =>
    read.filter(one => one[by] === undefined && one[not] !== undefined).map(({ scalar }) => scalar);
  expect(wrongly('ours', 'theirs')).toEqual([
    '0xFFFFFFFFFFFFFFFFF',
    '1e1000',
    '.e1',
    '!!binary YQ==',
    String.raw`"\'"`,
  ]);
  expect(wrongly('theirs', 'ours')).toEqual(['0o7', '0O7', '1.5e+3_0', '!!float 5', String.raw`"\/"`]);
});

interface ProvidersAnswer {
  /** Of each step, in the order to try. */
  readonly found: readonly (readonly (readonly [username: string, password: string])[])[];
  /** Of each plugin that ran, what it was asked last. */
  readonly asked: Readonly<Record<string, string>>;
}

test('plugins are asked, and their answers taken, kept and matched, as the kubelet does', async () => {
  const found = await compare<ProvidersCase, ProvidersAnswer>({
    about: 'providers',
    cases: providersCases,
    count: 2_000, // each starts some processes
    ours: one => {
      const { found, asked } = runPlugins(one);
      return { found, asked: [asked.p0, asked.p1] };
    },
    theirs: ({ found, asked }) => ({ found, asked: [asked.p0, asked.p1] }),
    branches: one => [...runPlugins(one).branches],
    least: {
      'a plugin runs': 800,
      'a plugin fails': 80,
      'refused: its answer is no JSON': 100,
      'refused: its answer is no CredentialProviderResponse of credentialprovider.kubelet.k8s.io/v1': 100,
      'refused: the cacheKeyType of its answer is none of Image, Registry, Global': 20,
      'refused: its answer: cacheDuration is no duration such as 1h30m or 0s': 20,
      'refused: its answer: cacheKeyType is a number, expected text': 4,
      'refused: its answer: it has a field, which is unknown': 20,
      'refused: its answer: auth is text, expected an object': 6,
      'refused: its answer: auth is a list, expected an object': 6,
      'refused: its answer: auth has a field, which is unknown': 5,
      'refused: its answer: auth.password is a number, expected text': 5,
      'Image, as long as the default': 90,
      'Image, for its own duration': 120,
      'Image, not kept': 80,
      'Registry, as long as the default': 90,
      'Registry, for its own duration': 120,
      'Registry, not kept': 80,
      'Global, as long as the default': 90,
      'Global, for its own duration': 120,
      'Global, not kept': 80,
      'used again for the same repository': 100,
      'used again for another repository': 40,
      'used again for another registry': 50,
      '0 found': 500,
      '1 found': 250,
      '2 or more found': 50,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

/** As the agent runs them, with files for their output. */
function runPlugins({ config, steps }: ProvidersCase) {
  const parsed = parseProviderConfig([{ name: 'config.json', text: config }]);
  if ('problems' in parsed) throw new Error(parsed.problems.join());
  const plugins = parsed.providers.map(provider => ({ provider, cache: createProviderCache(provider), keptFor: '' }));
  const branches = new Set<string>();
  const asked: Record<string, string> = {};
  const found = steps.map(({ image, files }, now) => {
    const entries = plugins
      .filter(({ provider }) => provider.matchImages.some(pattern => matchesImage(pattern, image)))
      .flatMap(plugin => {
        const { provider, cache } = plugin;
        const kept = cache.find(image, now);
        branches.add(kept === undefined ? 'a plugin runs' : `used again for ${distance(plugin.keptFor, image)}`);
        if (kept !== undefined) return kept;
        asked[provider.name] = providerRequest(provider.apiVersion, image);
        const response = answerIn(files, provider, branches);
        if (response === undefined) return [];
        cache.keep(image, response, now);
        plugin.keptFor = image;
        branches.add(`${response.cacheKeyType}, ${durationIn(response.cacheMs)}`);
        return response.entries;
      });
    const matches = matchCredentials(entries, image);
    branches.add(`${Math.min(matches.length, 2)}${matches.length < 2 ? '' : ' or more'} found`);
    return matches.map(({ username, password }) => [username, password]);
  });
  return { found, asked, branches };
}

function answerIn(
  files: Readonly<Record<string, string>>,
  { name, apiVersion }: CredentialProvider,
  branches: Set<string>,
) {
  const output = files[`${name}.answer`];
  const response = output === undefined ? undefined : parseProviderResponse(output, apiVersion);
  if (response !== undefined && !('problem' in response)) return response;
  branches.add(response === undefined ? 'a plugin fails' : `refused: ${response.problem.replace(/\[\d+\]/g, '')}`);
  return undefined;
}

function distance(from: string, to: string): string {
  const [one, other] = [parseReference(from), parseReference(to)];
  if (one.domain !== other.domain) return 'another registry';
  return one.path === other.path ? 'the same repository' : 'another repository';
}

function durationIn(ms: number | undefined): string {
  if (ms === undefined) return 'as long as the default';
  return ms > 0 ? 'for its own duration' : 'not kept';
}

function readConfig({ folder, files }: ProviderConfigCase) {
  const names = folder ? providerConfigFiles(Object.keys(files)) : Object.keys(files);
  const config = parseProviderConfig(
    names.map(name => ({ name, text: Buffer.from(files[name] ?? '').toString('utf8') })),
  );
  if ('problems' in config) return 'refused';
  return {
    providers: config.providers.map(({ name, apiVersion, matchImages, defaultCacheMs, args, env }) => ({
      name,
      apiVersion,
      matchImages,
      cacheNs: Math.round(defaultCacheMs * 1_000_000),
      args,
      env: env.map(variable => [variable.name, variable.value]),
      wantsToken: false,
    })),
    leftOut: config.leftOut.map(({ name }) => name),
  };
}

/** Of the original's messages, and what they are about. */
const REASONS: readonly (readonly [sign: RegExp, reason: string])[] = [
  [/no configuration files found/, 'no file'],
  [/duplicate provider name/, 'a provider twice'],
  [/unknown field/, 'an unknown field'],
  [/duplicate field|already set in map/, 'a doubled field'],
  [/cannot unmarshal/, 'a value of another type'],
  [/time: /, 'no duration'],
  [/is missing in|no kind|GroupVersion|wrong Kind|unexpected Group/, 'another kind or version'],
  [/invalid character|unexpected end/, 'no JSON'],
  [/yaml: |unsupported value: NaN/, 'no YAML'],
];

function reasonIn(text: string): string {
  return REASONS.find(([sign]) => sign.test(text))?.[1] ?? text;
}
