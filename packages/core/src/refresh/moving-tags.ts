import type { ImageRef } from '@kube-prefetch/protocol';
import { bringsSecrets } from '../asks/pull-secrets.ts';
import { memoise } from '../memoise.ts';
import type { Cohort } from '../plans/group-nodes.ts';
import { isRefreshed } from '../plans/merge-asks.ts';

export interface RefreshSettings {
  /** Of resources that name none. */
  readonly intervalMs: number;
  /** No tag is looked up more often, whatever resources say. */
  readonly minIntervalMs: number;
}

/** A tag that is looked up from time to time. */
export interface MovingTag {
  /** The shortest of all who ask. */
  readonly intervalMs: number;
  /** Those whose nodes want it looked up, by key, with whether their asks bring credentials for it. */
  readonly cohorts: ReadonlyMap<string, { readonly brings: boolean }>;
}

export type MovingTags = ReadonlyMap<ImageRef, MovingTag>;

/** On nodes that are held nothing is pulled, so nothing has to be known. */
export const movingTags = memoise((cohorts: readonly Cohort[], settings: RefreshSettings): MovingTags => {
  const { intervalMs, minIntervalMs } = settings;
  const tags = new Map<ImageRef, { intervalMs: number; cohorts: Map<string, { brings: boolean }> }>();
  for (const { key, asks, applicable, held } of cohorts) {
    if (!applicable || held !== undefined) continue;
    for (const ask of asks) {
      if (!isRefreshed(ask)) continue;
      let tag = tags.get(ask.image);
      if (tag === undefined) tags.set(ask.image, (tag = { intervalMs: Infinity, cohorts: new Map() }));
      tag.intervalMs = Math.min(tag.intervalMs, Math.max(ask.refresh?.intervalMs ?? intervalMs, minIntervalMs));
      const brings = tag.cohorts.get(key)?.brings ?? false;
      tag.cohorts.set(key, { brings: brings || bringsSecrets(ask.pullSecrets) });
    }
  }
  return tags;
});
