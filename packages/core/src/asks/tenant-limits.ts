import {
  compilePattern,
  type ImageRef,
  normaliseReference,
  type ResourceRef,
  resourceName,
  tryParseReference,
} from '@kube-prefetch/protocol';
import type { Ask } from './ask.ts';

/**
 * What the administrator lets Prefetches ask for, all of one namespace together: whoever may create one is a tenant. A ClusterPrefetch is
 * the administrator's own, and has no such limits.
 */
export interface TenantLimits {
  /** Globs over references as normalised, `registry.example/team/*`, of which one must match; absent: any image. */
  readonly images?: readonly string[] | undefined;
  readonly imagesPerNamespace?: number | undefined;
  /** Of one namespace's images on one node, by the sizes that nodes agree on; unknown ones count as nothing. */
  readonly bytesPerNode?: number | undefined;
}

/** An image that a resource asks for and may not have. */
export interface BeyondLimit {
  readonly image: ImageRef;
  readonly limit: keyof TenantLimits;
}

/** Whether a glob names one registry: a wildcard in the host would also match paths of other hosts. */
export function isTenantGlob(glob: string): boolean {
  const [host = '', ...path] = glob.split('/');
  return glob === '*' || (host !== '' && !host.includes('*') && path.some(part => part !== ''));
}

/** Of asks in pull order, those that tenants may have, and by `resourceName` what is left out. */
export function limitTenants(
  asks: readonly Ask[],
  limits: TenantLimits,
): { readonly within: readonly Ask[]; readonly beyond: ReadonlyMap<string, readonly BeyondLimit[]> } {
  const beyond = new Map<string, Map<ImageRef, BeyondLimit>>();
  const whyBeyond = compileLimits(limits);
  const within = asks.filter(({ resource, image }) => {
    const tenant = tenantOf(resource);
    const limit = tenant === undefined ? undefined : whyBeyond(tenant, image);
    if (limit === undefined) return true;
    const name = resourceName(resource);
    beyond.set(name, (beyond.get(name) ?? new Map()).set(image, { image, limit }));
    return false;
  });
  return { within, beyond: new Map([...beyond].map(([name, images]) => [name, [...images.values()]])) };
}

/** An image that the namespace may not have does not count. A malformed reference has no registry, so no tenant may have it. */
function compileLimits({ images, imagesPerNamespace = Infinity }: TenantLimits) {
  const patterns = images?.map(compilePattern);
  const counted = new Map<string, Set<ImageRef>>();
  const isAllowed = (image: ImageRef) => {
    if (patterns === undefined) return true;
    const reference = tryParseReference(image);
    return reference !== undefined && patterns.some(matches => matches(normaliseReference(reference)));
  };
  return (namespace: string, image: ImageRef): BeyondLimit['limit'] | undefined => {
    if (!isAllowed(image)) return 'images';
    const sofar = counted.get(namespace) ?? new Set();
    if (!sofar.has(image) && sofar.size >= imagesPerNamespace) return 'imagesPerNamespace';
    counted.set(namespace, sofar.add(image));
    return undefined;
  };
}

/** The namespace of a resource that has one; undefined for a ClusterPrefetch. */
export function tenantOf({ kind, namespace = '' }: ResourceRef): string | undefined {
  return kind === 'ClusterPrefetch' ? undefined : namespace;
}
