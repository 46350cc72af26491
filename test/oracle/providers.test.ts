import { parseProviderConfig, providerConfigFiles } from '@kube-prefetch/keyring';
import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { type ProviderConfigCase, providerConfigCases } from './provider-cases.ts';

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
