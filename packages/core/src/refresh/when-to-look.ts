import type { ImageRef } from '@kube-prefetch/protocol';
import type { MovingTags } from './moving-tags.ts';

/** What is spread evenly in [0, 1), the same in every process: FNV-1a, and then mixed as MurmurHash3 ends. */
export function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * The tag's next turn after `now`: each has one at the same point of every interval, and those of many tags are spread over it. Also a
 * tag that has just been asked for waits for it: nodes pull it now, so they hold what it stands for.
 */
export function nextLookMs(image: ImageRef, intervalMs: number, now: number): number {
  const phaseMs = fractionOf(image) * intervalMs;
  return (Math.floor((now - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
}

/** In the whole cluster. A scout takes some seconds for a look. */
const MAX_LOOKS_AT_ONCE = 64;
/** Turns that happen to be close are drawn apart to this share of the mean time between two, or to a second where that is less. */
const CLOSEST = 0.5;
const LEAST_SPACING_MS = 1_000;
/** Looks that did not begin for so long may begin at once; what was not used before is lost. */
const CATCH_UP_MS = 10_000;

/**
 * How many of the looks that are due may begin now, where those before took all time until `takenUntilMs`, and until when they then take
 * it. So many tags that come due together, after a pause or because a mirror was found to be behind, are no burst for a registry.
 */
export function paceLooks(
  { due, running, tags }: { readonly due: number; readonly running: number; readonly tags: MovingTags },
  takenUntilMs: number,
  now: number,
): { readonly begin: number; readonly takenUntilMs: number } {
  let perMs = 0;
  for (const { intervalMs } of tags.values()) perMs += 1 / intervalMs;
  const spacingMs = Math.min(LEAST_SPACING_MS, CLOSEST / perMs);
  const fromMs = Math.max(takenUntilMs, now - CATCH_UP_MS);
  const begin = Math.max(0, Math.min(due, Math.floor((now - fromMs) / spacingMs), MAX_LOOKS_AT_ONCE - running));
  return { begin, takenUntilMs: fromMs + begin * spacingMs };
}
