import { type ImageRef, registryOf, slowsRegistry } from '@kube-prefetch/protocol';
import type { Histories } from './image-history.ts';

/** How long a registry that refused or failed gets half of the slots, and then for each one more. */
const RAISE_AFTER_MS = 30_000;

/** How many images of the registry may be pulled at once now. */
export type SlotsOf = (registry: string | undefined) => number;

/**
 * Half of the slots, one at least, for a registry that just refused a pull as too fast or failed one; one more for each half
 * minute after the last such failure.
 */
export function registrySlots(histories: Histories, parallelPulls: number, now: number): SlotsOf {
  const failedMs = lastFailures(histories);
  return registry => {
    const atMs = registry === undefined ? undefined : failedMs.get(registry);
    if (atMs === undefined) return Infinity;
    const half = Math.max(1, Math.floor(parallelPulls / 2));
    const slots = half + Math.floor((now - atMs) / RAISE_AFTER_MS);
    return slots >= parallelPulls ? Infinity : slots;
  };
}

/** By registry. */
function lastFailures(histories: Histories): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const [image, { failure }] of histories) {
    if (failure === undefined || !slowsRegistry(failure.kind)) continue;
    const registry = registryOf(image);
    if (registry !== undefined) latest.set(registry, Math.max(latest.get(registry) ?? -Infinity, failure.atMs));
  }
  return latest;
}

/** Of the pulls that run. */
export function countByRegistry(images: Iterable<ImageRef>): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const image of images) {
    const registry = registryOf(image);
    counts.set(registry, (counts.get(registry) ?? 0) + 1);
  }
  return counts;
}
