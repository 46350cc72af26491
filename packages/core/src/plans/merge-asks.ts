import { type ImageRef, MAX_IMAGES_PER_NODE, type PlanItem } from '@kube-prefetch/protocol';
import { type Ask, byPullOrder } from '../asks/ask.ts';
import { bringsSecrets } from '../asks/pull-secrets.ts';

export interface MergedAsks {
  /** In pull order. */
  readonly items: readonly PlanItem[];
  /** What MAX_IMAGES_PER_NODE left out: the last in pull order. Status and explain say so. */
  readonly leftOut: readonly PlanItem[];
}

/** The contents that nodes should hold under a tag; absent: whatever they have. */
export type WantedDigests = ReadonlyMap<ImageRef, string>;

/**
 * One item per image: the highest priority of those who ask, and a start if any of them is not suspended; credentials if one of those
 * brings secrets, and the digest if one of those has the tag looked up.
 */
export function mergeAsks(asks: readonly Ask[], digests: WantedDigests = new Map()): MergedAsks {
  const merged = [...Map.groupBy(asks, ({ image }) => image)]
    .map(([image, same]) => ({
      image,
      priority: same.reduce((highest, { priority }) => Math.max(highest, priority), Number.NEGATIVE_INFINITY),
      start: same.some(({ start }) => start),
      ...(same.some(({ start, pullSecrets }) => start && bringsSecrets(pullSecrets)) && { credentials: true }),
      ...(same.some(isRefreshed) && { refresh: true, ...digestOf(digests.get(image)) }),
    }))
    .sort(byPullOrder);
  return { items: merged.slice(0, MAX_IMAGES_PER_NODE), leftOut: merged.slice(MAX_IMAGES_PER_NODE) };
}

/** A suspended resource has no tag looked up. */
export function isRefreshed({ start, refresh }: Ask): boolean {
  return start && refresh !== undefined;
}

function digestOf(digest: string | undefined): Pick<PlanItem, 'digest'> {
  return digest === undefined ? {} : { digest };
}
