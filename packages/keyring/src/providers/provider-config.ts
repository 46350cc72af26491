import { parseAllDocuments, type SchemaOptions } from 'yaml';
import { isJson, jsonText, objectMembers } from '../json-members.ts';
import { type Decode, flag, listOf, type Notes, objectOf, optional, quote, text } from './decode-strictly.ts';
import { duration } from './duration.ts';
import { type DecodedProvider, providerProblems } from './provider-problems.ts';

/** A plugin that the kubelet would run, and so may we. */
export interface CredentialProvider {
  /** Of the executable, in the kubelet's folder of plugins. */
  readonly name: string;
  readonly apiVersion: string;
  readonly matchImages: readonly string[];
  /** For answers that name no duration; 0: they are not kept. */
  readonly defaultCacheMs: number;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

export interface ProviderConfig {
  /** In the order in which their credentials are tried. */
  readonly providers: readonly CredentialProvider[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** Problems name fields, providers and patterns; never the value of an environment variable. */
export type ParsedProviderConfig = ProviderConfig | { readonly problems: readonly string[] };

export interface ProviderFile {
  readonly name: string;
  readonly text: string;
}

/** Of one file. The kubelet has no bound; YAML of a megabyte can take seconds. */
const MAX_LENGTH = 256 * 1024;
const MAX_FILES = 100;
const MAX_PROVIDERS = 100;
const MAX_PROBLEMS = 20;

/** Which files of a folder the kubelet takes for its configuration, in the order in which it joins them. */
export function providerConfigFiles(names: readonly string[]): readonly string[] {
  return names.filter(name => /\.(?:json|yaml|yml)$/.test(name)).toSorted();
}

/**
 * CredentialProviderConfig as the kubelet reads it: one file, or the files of a folder joined. One problem spoils all of
 * it, as the kubelet then does not start.
 */
export function parseProviderConfig(files: readonly ProviderFile[]): ParsedProviderConfig {
  const decoded = files.slice(0, MAX_FILES).map(file => decodeFile(file));
  const providers = decoded.flatMap(file => file.providers);
  const problems = [
    ...(files.length === 0 ? ['there is no file that ends in .json, .yaml or .yml'] : []),
    ...(files.length > MAX_FILES ? [`there are more than ${MAX_FILES} files`] : []),
    ...decoded.flatMap(file => file.problems),
  ];
  if (problems.length === 0) problems.push(...problemsOf(providers));
  if (problems.length > 0) return { problems: problems.slice(0, MAX_PROBLEMS) };
  return {
    providers: providers.filter(one => one.tokenAttributes === undefined).map(toProvider),
    leftOut: providers
      .filter(one => one.tokenAttributes !== undefined)
      .map(({ name }) => ({ name, reason: WANTS_TOKEN })),
  };
}

const WANTS_TOKEN = 'wants a ServiceAccount token, which only a pod has';

function problemsOf(providers: readonly DecodedProvider[]): readonly string[] {
  if (providers.length === 0) return ['there is no provider'];
  if (providers.length > MAX_PROVIDERS) return [`there are more than ${MAX_PROVIDERS} providers`];
  const names = providers.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [
    ...[...twice].map(name => `the provider ${quote(name)} is there twice`),
    ...providers.flatMap(one => providerProblems(one).map(problem => `the provider ${quote(one.name)}: ${problem}`)),
  ];
}

function toProvider(one: DecodedProvider): CredentialProvider {
  const { name, apiVersion, matchImages, args, env, defaultCacheDuration = 0 } = one;
  return { name, apiVersion, matchImages, args, env, defaultCacheMs: defaultCacheDuration };
}

interface DecodedFile {
  readonly providers: readonly DecodedProvider[];
  readonly problems: readonly string[];
}

function decodeFile(file: ProviderFile): DecodedFile {
  const notes: Notes = { problems: [], quoteNames: true };
  const json = toJson(file.text);
  const providers = json === undefined ? [] : decodeConfig(json, notes);
  const problems = json === undefined ? ['it is neither JSON nor YAML'] : notes.problems;
  return { providers, problems: problems.map(problem => `${file.name}: ${problem}`) };
}

const TOKEN_ATTRIBUTES = optional(
  objectOf({
    serviceAccountTokenAudience: text,
    cacheType: text,
    requireServiceAccount: optional(flag),
    requiredServiceAccountAnnotationKeys: listOf(text),
    optionalServiceAccountAnnotationKeys: listOf(text),
  }),
);

const PROVIDER = {
  name: text,
  matchImages: listOf(text),
  defaultCacheDuration: optional(duration),
  apiVersion: text,
  args: listOf(text),
  env: listOf(objectOf({ name: text, value: text })),
};

const VERSIONS: ReadonlyMap<string, Decode<DecodedProvider>> = new Map<string, Decode<DecodedProvider>>([
  ['kubelet.config.k8s.io/v1', objectOf({ ...PROVIDER, tokenAttributes: TOKEN_ATTRIBUTES })],
  ['kubelet.config.k8s.io/v1beta1', objectOf(PROVIDER)],
  ['kubelet.config.k8s.io/v1alpha1', objectOf(PROVIDER)],
]);

function decodeConfig(json: string, notes: Notes): readonly DecodedProvider[] {
  const members = objectMembers(json) ?? [];
  const [kind, apiVersion] = ['kind', 'apiVersion'].map(field => {
    const value = members.find(([name]) => name === field)?.[1];
    return value === undefined ? undefined : jsonText(value);
  });
  const provider = VERSIONS.get(apiVersion ?? '');
  if (kind === 'CredentialProviderConfig' && provider !== undefined)
    return objectOf({ kind: text, apiVersion: text, providers: listOf(provider) })(json, '', notes).providers;
  notes.problems.push(`it is no CredentialProviderConfig of ${[...VERSIONS.keys()].join(', ')}`);
  return [];
}

/** What begins with a brace is JSON and nothing else; all other is YAML, of which the first document counts. */
function toJson(content: string): string | undefined {
  if (content.length > MAX_LENGTH) return undefined;
  if (JSON_START.test(content)) return isJson(content) ? content.trim() : undefined;
  try {
    const [document] = parseAllDocuments(content, {
      version: '1.1',
      merge: true,
      customTags: withoutTimes,
      prettyErrors: false,
    });
    if (document === undefined || !('errors' in document)) return 'null';
    return document.errors.length > 0 ? undefined : JSON.stringify(document.toJS(), refuseInfinite);
  } catch {
    // Aliases of themselves or too many, numbers that JSON cannot hold, and what nests until the stack ends.
    return undefined;
  }
}

/** Blank to Go, which a byte order mark is not. */
const JSON_START = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*\{/;

/** Go's YAML reads dates, and minutes with a colon, as text. */
const withoutTimes: SchemaOptions['customTags'] = tags =>
  tags.filter(tag => typeof tag === 'string' || (!tag.tag.endsWith(':timestamp') && tag.format !== 'TIME'));

function refuseInfinite(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('JSON has no such number');
  return value;
}
