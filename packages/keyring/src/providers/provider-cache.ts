import { type ImageRef, repositoryOf, tryParseReference } from '@kube-prefetch/protocol';
import type { RegistryEntry } from '../docker-config.ts';
import type { CacheKeyType, ProviderResponse } from './provider-exchange.ts';

/** What one provider answered, as long as it may be used again. Times are of one monotonic clock, in milliseconds. */
export interface ProviderCache {
  /** Undefined: the plugin has to run. */
  find(image: ImageRef, now: number): readonly RegistryEntry[] | undefined;
  keep(image: ImageRef, response: ProviderResponse, now: number): void;
  /** For what a registry refused. The kubelet would keep it until it expires. */
  forget(image: ImageRef): void;
}

/** The kubelet has no bound: a node pulls fewer images. */
const MAX_KEPT = 1_000;

export function createProviderCache({ defaultCacheMs }: { readonly defaultCacheMs: number }): ProviderCache {
  const kept = new Map<string, { readonly entries: readonly RegistryEntry[]; readonly until: number }>();
  return {
    find(image, now) {
      for (const key of keysOf(image).values()) {
        const found = kept.get(key);
        if (found !== undefined && now <= found.until) return found.entries;
      }
      return undefined;
    },
    keep(image, { cacheKeyType, cacheMs = defaultCacheMs, entries }, now) {
      const key = keysOf(image).get(cacheKeyType);
      if (key === undefined || cacheMs <= 0) return;
      for (const [other, { until }] of kept) if (until < now) kept.delete(other);
      kept.delete(key);
      kept.set(key, { entries, until: now + cacheMs });
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    },
    forget(image) {
      for (const key of keysOf(image).values()) kept.delete(key);
    },
  };
}

/** In the order in which the kubelet looks. No registry and no image is called `<global>`. */
function keysOf(image: ImageRef): ReadonlyMap<CacheKeyType, string> {
  const reference = tryParseReference(image);
  if (reference === undefined) return new Map();
  const repository = repositoryOf(reference);
  const [registry = ''] = repository.split('/', 1);
  return new Map<CacheKeyType, string>([
    ['Image', repository],
    ['Registry', registry],
    ['Global', '<global>'],
  ]);
}
