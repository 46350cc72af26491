import { type ImageRef, parseReference, repositoryOf } from '@kube-prefetch/protocol';
import type { RegistryEntry } from '../docker-config.ts';
import { isJson } from '../json-members.ts';
import { dictionaryOf, type Notes, objectOf, optional, text } from './decode-strictly.ts';
import { duration } from './duration.ts';

/** What a plugin reads from its standard input. Throws InvalidReference. */
export function providerRequest(apiVersion: string, image: ImageRef): string {
  const request = { kind: 'CredentialProviderRequest', apiVersion, image: repositoryOf(parseReference(image)) };
  return `${JSON.stringify(request)}\n`;
}

export interface ProviderResponse {
  /** For which images the answer counts, while it is kept. */
  readonly cacheKeyType: CacheKeyType;
  /** Absent: as long as the provider's default says. */
  readonly cacheMs?: number;
  /** As if of a docker config: they are matched like those. */
  readonly entries: readonly RegistryEntry[];
}

const CACHE_KEY_TYPES = ['Image', 'Registry', 'Global'] as const;
export type CacheKeyType = (typeof CACHE_KEY_TYPES)[number];

const MAX_LENGTH = 1024 * 1024;

/** What a plugin wrote to its standard output, as the kubelet takes it. A problem holds nothing of it. */
export function parseProviderResponse(
  output: string,
  apiVersion: string,
): ProviderResponse | { readonly problem: string } {
  if (output.length > MAX_LENGTH) return { problem: `it answered more than ${MAX_LENGTH} bytes` };
  if (!isJson(output)) return { problem: 'its answer is no JSON' };
  const notes: Notes = { problems: [], quoteNames: false };
  const response = RESPONSE(output.trim(), '', notes);
  const cacheKeyType = CACHE_KEY_TYPES.find(type => type === response.cacheKeyType);
  const [problem] = notes.problems;
  if (response.kind !== KIND || response.apiVersion !== apiVersion)
    return { problem: `its answer is no ${KIND} of ${apiVersion}` };
  if (problem !== undefined) return { problem: `its answer: ${problem}` };
  if (cacheKeyType === undefined)
    return { problem: `the cacheKeyType of its answer is none of ${CACHE_KEY_TYPES.join(', ')}` };
  return {
    cacheKeyType,
    ...(response.cacheDuration !== undefined && { cacheMs: response.cacheDuration }),
    entries: response.auth.map(([key, pair]) => ({ key, ...pair })),
  };
}

const KIND = 'CredentialProviderResponse';

const RESPONSE = objectOf({
  kind: text,
  apiVersion: text,
  cacheKeyType: text,
  cacheDuration: optional(duration),
  auth: dictionaryOf(objectOf({ username: text, password: text })),
});
