import type { Ask } from '../ask.ts';

/** Higher priority first, then by image: the order of plans, the same whoever sorts. */
export function byPullOrder(a: Pick<Ask, 'priority' | 'image'>, b: Pick<Ask, 'priority' | 'image'>): number {
  return b.priority - a.priority || byText(a.image, b.image);
}

/** By code units: no locale, so every machine orders alike. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
