import type { Clock } from '@kube-prefetch/time';

/** Shorter than anybody waits between two scrapes; strangers cannot have metrics computed as often as they like. */
const KEPT_MS = 1_000;

/** Computed metrics are served again for a second; requests that come while they are computed get the same. */
export function keepScrape<Scrape>(clock: Clock, compute: () => Promise<Scrape>): () => Promise<Scrape> {
  let last: { readonly atMs: number; readonly scrape: Promise<Scrape> } | undefined;
  return () => {
    const now = clock.monotonicMs();
    if (last === undefined || now >= last.atMs + KEPT_MS) last = { atMs: now, scrape: compute() };
    return last.scrape;
  };
}
