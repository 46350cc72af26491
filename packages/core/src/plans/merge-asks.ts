import { MAX_IMAGES_PER_NODE, type PlanItem } from '@kube-prefetch/protocol';
import { type Ask, byPullOrder } from '../asks/ask.ts';
import { bringsSecrets } from '../asks/pull-secrets.ts';

export interface MergedAsks {
  /** In pull order. */
  readonly items: readonly PlanItem[];
  /** What MAX_IMAGES_PER_NODE left out: the last in pull order. Status and explain say so. */
  readonly leftOut: readonly PlanItem[];
}

/** One item per image: the highest priority of those who ask, and a start if any of them is not suspended, credentials if one of those brings secrets. */
export function mergeAsks(asks: readonly Ask[]): MergedAsks {
  const merged = [...Map.groupBy(asks, ({ image }) => image)]
    .map(([image, same]) => ({
      image,
      priority: same.reduce((highest, { priority }) => Math.max(highest, priority), Number.NEGATIVE_INFINITY),
      start: same.some(({ start }) => start),
      ...(same.some(({ start, pullSecrets }) => start && bringsSecrets(pullSecrets)) && { credentials: true }),
    }))
    .sort(byPullOrder);
  return { items: merged.slice(0, MAX_IMAGES_PER_NODE), leftOut: merged.slice(MAX_IMAGES_PER_NODE) };
}
