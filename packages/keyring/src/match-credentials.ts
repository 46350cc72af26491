import { type ImageRef, repositoryOf, tryParseReference } from '@kube-prefetch/protocol';
import type { RegistryEntry } from './docker-config.ts';
import { matchesRegistry, parseRegistry, type RegistryGlob } from './match-registry.ts';
import { parseRegistryUrl } from './registry-url.ts';

/** The key that Docker wrote for its Hub when there was no other registry. */
const HUB_KEY = 'index.docker.io';

/**
 * Which entries of one keyring the kubelet tries for an image, in its order: longer and plainer keys first, under one key
 * as they were added. None: the image is pulled without credentials.
 */
export function matchCredentials<Entry extends RegistryEntry>(
  entries: readonly Entry[],
  image: ImageRef,
): readonly Entry[] {
  const reference = tryParseReference(image);
  if (reference === undefined) return [];
  const repository = repositoryOf(reference);
  const target = parseRegistry(repository);
  const matches = entries.filter(entry => target !== undefined && matchesRegistry(keyOf(entry)?.glob, target));
  const tried =
    matches.length === 0 && isHub(repository) ? entries.filter(entry => textOf(entry) === HUB_KEY) : matches;
  return tried.toSorted((a, b) => (textOf(a) === textOf(b) ? 0 : textOf(a) < textOf(b) ? 1 : -1));
}

interface EntryKey {
  readonly text: string;
  readonly glob: RegistryGlob | undefined;
}

/** Read once: of one secret there may be a thousand, and each is compared with every image of its namespace. */
const keys = new WeakMap<RegistryEntry, EntryKey | 'none'>();

/** Undefined for what no image can match. */
function keyOf(entry: RegistryEntry): EntryKey | undefined {
  let key = keys.get(entry);
  if (key === undefined) {
    const text = readKey(entry.key);
    key = text === undefined ? 'none' : { text, glob: parseRegistry(text) };
    keys.set(entry, key);
  }
  return key === 'none' ? undefined : key;
}

function textOf(entry: RegistryEntry): string {
  return keyOf(entry)?.text ?? '';
}

/** Without the scheme, and without the `/v1/` and `/v2/` that Docker wrote; undefined for what no image can match. */
function readKey(written: string): string | undefined {
  const url = parseRegistryUrl(written.replace(/^https?:\/\//, ''));
  if (url === undefined) return undefined;
  const path = url.path.replace(/^\/v[12](?=\/)/, '');
  return path === '/' ? url.host : url.host + path;
}

/** Docker's rule: a host without dot and port is no host. So `localhost` counts, too. */
function isHub(repository: string): boolean {
  const [host = ''] = repository.split('/', 1);
  return host === 'docker.io' || !/[.:]/.test(host);
}
