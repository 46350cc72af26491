import type {
  JsonWebKey,
  KubeEvent,
  KubeKind,
  KubeObject,
  KubePage,
  ServedKind,
  ServedKinds,
  TokenReview,
} from './kube-api.ts';
import { toKubeError } from './to-kube-error.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** An answer that the Kubernetes API would not give: that of a proxy, for example. */
export class StrangeAnswer extends Error {
  override readonly name = 'StrangeAnswer';
}

/** Adds apiVersion and kind, which the items of a list lack. */
export function readObject(kind: KubeKind, value: unknown): KubeObject {
  const object = mapping(value, 'an object');
  mustBe([kind.kind, NAMES_ONLY_KIND], object.kind ?? kind.kind);
  const { name, namespace, uid, resourceVersion } = mapping(object.metadata, 'metadata');
  if (typeof name !== 'string' || name === '') throw new StrangeAnswer('an object without a name');
  if (kind.namespaced !== (typeof namespace === 'string')) {
    throw new StrangeAnswer(`a ${kind.kind} ${kind.namespaced ? 'without a namespace' : 'in a namespace'}`);
  }
  if (!isTextOrAbsent(uid) || !(resourceVersion === undefined || isVersion(resourceVersion)))
    throw new StrangeAnswer('metadata of other types');
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind } as unknown as KubeObject;
}

/** An empty list of another kind would say that nothing of this one exists. */
export function readPage(kind: KubeKind, value: unknown): KubePage {
  const { items, metadata, kind: listKind } = mapping(value, 'a list');
  mustBe([`${kind.kind}List`, `${NAMES_ONLY_KIND}List`], listKind);
  const { resourceVersion, continue: next } = mapping(metadata, "a list's metadata");
  if (!Array.isArray(items) || !isVersion(resourceVersion)) {
    throw new StrangeAnswer('a list without items or resourceVersion');
  }
  return {
    items: items.map(item => readObject(kind, item)),
    resourceVersion,
    ...(typeof next === 'string' && next !== '' ? { next } : {}),
  };
}

/** Undefined for an event type that this version does not know. An ERROR event is thrown as a KubeApiError. */
export function readEvent(kind: KubeKind, what: string, line: string): KubeEvent | undefined {
  const { type, object } = mapping(JSON.parse(line), 'an event');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: readObject(kind, object) };
    case 'BOOKMARK': {
      const { resourceVersion } = mapping(mapping(object, 'a bookmark').metadata, "a bookmark's metadata");
      return isVersion(resourceVersion) ? { type, resourceVersion } : undefined;
    }
    case 'ERROR': {
      const { code } = mapping(object, 'a status');
      throw toKubeError(what, typeof code === 'number' ? code : 500, object);
    }
    default:
      return undefined;
  }
}

/** Accepts a token only when the server says that it is for one of the requested audiences. */
export function readTokenReview(value: unknown, asked: readonly string[]): TokenReview {
  const status = mapping(mapping(value, 'a review').status, "a review's status");
  if (status.authenticated !== true) {
    return {
      authenticated: false,
      error: typeof status.error === 'string' ? status.error : 'the token is not accepted',
    };
  }
  const { username, extra = {} } = mapping(status.user, "a review's user");
  if (typeof username !== 'string') throw new StrangeAnswer('a review without a username');
  const audiences = texts(status.audiences).filter(audience => asked.includes(audience));
  if (audiences.length === 0) {
    return { authenticated: false, error: `the token is for none of the audiences ${asked.join(', ')}` };
  }
  const facts = Object.entries(mapping(extra, "a user's extra")).map(([key, values]) => [key, texts(values)]);
  return { authenticated: true, username, audiences, extra: Object.fromEntries(facts) as Record<string, string[]> };
}

/** Of a JSON Web Key Set. */
export function readKeys(value: unknown): readonly JsonWebKey[] {
  const { keys } = mapping(value, 'a set of keys');
  if (!Array.isArray(keys)) throw new StrangeAnswer('a set of keys without keys');
  return keys.map(key => mapping(key, 'a key'));
}

/** Of an APIGroupDiscoveryList, the kinds of these groups. Kinds that cannot be listed and watched are left out. */
export function readDiscovery(groups: readonly string[], value: unknown): ServedKinds {
  const { items, kind } = mapping(value, 'a list');
  if (kind !== 'APIGroupDiscoveryList' || !Array.isArray(items)) throw new StrangeAnswer('no list of served kinds');
  const unknown = new Set<string>();
  const kinds: ServedKind[] = [];
  for (const item of items as readonly unknown[]) {
    const { metadata, versions } = mapping(item, 'a group');
    const group = mapping(metadata, "a group's metadata").name;
    if (typeof group !== 'string' || !groups.includes(group)) continue;
    for (const version of Array.isArray(versions) ? (versions as readonly unknown[]) : []) {
      const { version: name, freshness, resources } = mapping(version, 'a version');
      if (freshness === 'Stale') unknown.add(group);
      for (const resource of Array.isArray(resources) ? (resources as readonly unknown[]) : [])
        kinds.push(...readServed(`${group}/${String(name)}`, mapping(resource, 'a resource')));
    }
  }
  return { kinds, unknown: [...unknown] };
}

function readServed(apiVersion: string, { resource, responseKind, scope, verbs }: Mapping): readonly ServedKind[] {
  const { kind } = mapping(responseKind, "a resource's kind");
  const may = texts(verbs);
  if (typeof resource !== 'string' || typeof kind !== 'string' || !may.includes('list') || !may.includes('watch'))
    return [];
  return [
    { apiVersion, kind, plural: resource, namespaced: scope === 'Namespaced', creatable: may.includes('create') },
  ];
}

/** How the server calls an object of which only the metadata was asked for. */
const NAMES_ONLY_KIND = 'PartialObjectMetadata';

function mustBe(expected: readonly string[], kind: unknown): void {
  if (!expected.includes(kind as string)) {
    throw new StrangeAnswer(`the kind ${expected[0]} was expected, not ${JSON.stringify(kind)?.slice(0, 100)}`);
  }
}

/** Whoever watches from '' or '0' begins at any version, and never hears what was deleted before. */
function isVersion(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value !== '0';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function mapping(value: unknown, what: string): Mapping {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping;
  throw new StrangeAnswer(`${what} was expected, not ${JSON.stringify(value)?.slice(0, 100)}`);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : [];
}
