import type { ImageRef } from '@kube-prefetch/protocol';
import { keepList, memoiseList } from '../memoise.ts';
import type { Ask } from '../asks/ask.ts';
import { type TenantLimits, tenantOf } from '../asks/tenant-limits.ts';
import type { Cohort } from './group-nodes.ts';

/**
 * The cohorts with those asks that start no pull because their namespace's images would take more of a node than they may. Smaller images
 * after them may still fit. An image whose size is not known counts as nothing. Cohorts that are within the limit stay the same objects.
 */
export function limitBytes(
  cohorts: readonly Cohort[],
  { bytesPerNode }: TenantLimits,
  sizeOf: (image: ImageRef) => number | undefined,
): readonly Cohort[] {
  if (bytesPerNode === undefined) return cohorts;
  const sizes = new Map<ImageRef, number>();
  const knownSize = (image: ImageRef) => {
    const size = sizes.get(image) ?? sizeOf(image) ?? 0;
    sizes.set(image, size);
    return size;
  };
  return keepCohorts(
    cohorts,
    cohorts.map(cohort => limitCohort(cohort, [bytesPerNode, ...cohort.asks.map(({ image }) => knownSize(image))])),
  );
}

const keepCohorts = keepList<readonly Cohort[], Cohort>();

const limitCohort = memoiseList((cohort: Cohort, [most = Infinity, ...sizes]: readonly number[]): Cohort => {
  const asks = limitAsks(cohort.asks, most, sizes);
  return asks.some(ask => ask.beyondBytes) ? { ...cohort, asks } : cohort;
});

/** In pull order: what comes first has the bytes. `sizes`: of the image of each ask. */
function limitAsks(asks: readonly Ask[], bytesPerNode: number, sizes: readonly number[]): readonly Ask[] {
  const taken = new Map<string, { bytes: number; readonly images: Set<ImageRef> }>();
  return asks.map((ask, at) => {
    const { resource, image } = ask;
    const tenant = tenantOf(resource);
    if (tenant === undefined) return ask;
    const sofar = taken.get(tenant) ?? { bytes: 0, images: new Set() };
    taken.set(tenant, sofar);
    if (sofar.images.has(image)) return ask;
    const bytes = sofar.bytes + (sizes[at] ?? 0);
    if (bytes > bytesPerNode) return { ...ask, start: false, beyondBytes: true };
    sofar.bytes = bytes;
    sofar.images.add(image);
    return ask;
  });
}
