import { type ImageRef, repositoryOf, tryParseReference } from '@kube-prefetch/protocol';
import type { RegistryEntry } from './docker-config.ts';
import { matchesRegistry, parseRegistry } from './match-registry.ts';
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
  const keyed = entries.flatMap(entry => {
    const key = keyOf(entry.key);
    return key === undefined ? [] : [{ key, entry }];
  });
  const matches = keyed.filter(({ key }) => target !== undefined && matchesRegistry(key, target));
  const tried = matches.length === 0 && isHub(repository) ? keyed.filter(({ key }) => key === HUB_KEY) : matches;
  return tried.toSorted((a, b) => (a.key === b.key ? 0 : a.key < b.key ? 1 : -1)).map(({ entry }) => entry);
}

/** Without the scheme, and without the `/v1/` and `/v2/` that Docker wrote; undefined for what no image can match. */
function keyOf(written: string): string | undefined {
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
