import { isSubdomain } from '@kube-prefetch/protocol';
import { parseRegistryUrl } from '../registry-url.ts';
import { quote } from './decode-strictly.ts';

/** As decoded, before it is known to make sense. */
export interface DecodedProvider {
  readonly name: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheDuration: number | undefined;
  readonly apiVersion: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly tokenAttributes?: TokenAttributes | undefined;
}

interface TokenAttributes {
  readonly serviceAccountTokenAudience: string;
  readonly cacheType: string;
  readonly requireServiceAccount: boolean | undefined;
  readonly requiredServiceAccountAnnotationKeys: readonly string[];
  readonly optionalServiceAccountAnnotationKeys: readonly string[];
}

const V1 = 'credentialprovider.kubelet.k8s.io/v1';
/** Of requests and answers. */
const API_VERSIONS = [V1, `${V1}beta1`, `${V1}alpha1`];
const CACHE_TYPES = ['ServiceAccount', 'Token'];

/** What the kubelet's validateCredentialProviderConfig refuses in one provider. */
export function providerProblems(one: DecodedProvider): readonly string[] {
  const { name, apiVersion, matchImages, defaultCacheDuration, tokenAttributes } = one;
  return [
    ...(/[/ ]/.test(name) ? ['its name has a slash or a blank'] : []),
    ...(name === '.' || name === '..' ? ['its name is a folder'] : []),
    ...(API_VERSIONS.includes(apiVersion) ? [] : [`its apiVersion is none of ${API_VERSIONS.join(', ')}`]),
    ...(matchImages.length === 0 ? ['it has no matchImages'] : []),
    ...matchImages
      .filter(pattern => parseRegistryUrl(pattern) === undefined)
      .map(pattern => `${quote(pattern)} of its matchImages is no registry`),
    ...(defaultCacheDuration === undefined ? ['it has no defaultCacheDuration'] : []),
    ...((defaultCacheDuration ?? 0) < 0 ? ['its defaultCacheDuration is below 0'] : []),
    ...(tokenAttributes === undefined ? [] : tokenProblems(tokenAttributes, apiVersion)),
  ];
}

function tokenProblems(token: TokenAttributes, apiVersion: string): readonly string[] {
  const { requireServiceAccount, requiredServiceAccountAnnotationKeys: required } = token;
  const keys = [...required, ...token.optionalServiceAccountAnnotationKeys];
  return [
    ...(token.serviceAccountTokenAudience === '' ? ['it has no serviceAccountTokenAudience'] : []),
    ...(requireServiceAccount === undefined ? ['it has no requireServiceAccount'] : []),
    ...(apiVersion === V1 ? [] : [`tokenAttributes go with apiVersion ${V1} only`]),
    ...(requireServiceAccount === false && required.length > 0
      ? ['it requires annotations, but no ServiceAccount']
      : []),
    ...(new Set(keys).size < keys.length ? ['it names a key of an annotation twice'] : []),
    ...keys.filter(key => !isQualifiedName(key.toLowerCase())).map(key => `${quote(key)} is no key of an annotation`),
    ...(CACHE_TYPES.includes(token.cacheType) ? [] : [`its cacheType is none of ${CACHE_TYPES.join(', ')}`]),
  ];
}

/** Of Kubernetes: a name of at most 63 characters, perhaps behind a DNS subdomain and a slash. */
function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.slice(0, -1);
  return (
    prefix.length < 2 && prefix.every(isSubdomain) && name.length <= 63 && /^[a-z\d](?:[\w.-]*[a-z\d])?$/.test(name)
  );
}
