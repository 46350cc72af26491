import { countsFromMs, judgeRegistry, raisedAtMs, type RegistrySpeed } from '@kube-prefetch/core';
import {
  type FailureKind,
  type ImageRef,
  registryOf,
  type SlowingFailure,
  slowsRegistry,
} from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';

/** How long a pull that ended counts. */
const WINDOW_MS = 60_000;
/** Registries that nodes told of lately; others are not slowed. */
const MAX_REGISTRIES = 1_000;

/** How a pull ended: well, or with the kind of its failure. */
export type PullOutcome = 'pulled' | FailureKind;

/** Notes how pulls end, and slows registries that refuse or fail. */
export interface SlowRegistries {
  ended(node: string, image: ImageRef, end: PullOutcome): void;
  /** By registry, the pulls that those which are slowed may have at once. */
  slowed(now: number): ReadonlyMap<string, number>;
  nextDueMs(): number;
  /** What each registry that refused or failed pulls has done, as of the last look. */
  refusals(): readonly RegistryRefusals[];
  clear(): void;
}

export interface RegistryRefusals {
  readonly registry: string;
  /** Undefined where it is not slowed. */
  readonly speed: RegistrySpeed | undefined;
  readonly counts: Readonly<Record<SlowingFailure, number>>;
  readonly last: Refusal;
}

interface Refusal {
  readonly atMs: number;
  readonly kind: SlowingFailure;
  readonly node: string;
  readonly image: ImageRef;
}

export interface SlowRegistriesParts {
  readonly clock: Clock;
  /** How many pulls from the registry run now. */
  readonly running: (registry: string) => number;
}

export function createSlowRegistries({ clock, running }: SlowRegistriesParts): SlowRegistries {
  const news = new Map<string, { failing: Map<string, number>; seen: Map<string, number> }>();
  const speeds = new Map<string, RegistrySpeed>();
  /** By registry, that which refused longest ago first. */
  const refusals = new Map<string, { readonly counts: Record<SlowingFailure, number>; readonly last: Refusal }>();

  const noteRefusal = (registry: string, last: Refusal) => {
    const { counts } = refusals.get(registry) ?? { counts: { RateLimited: 0, RegistryUnavailable: 0 } };
    counts[last.kind] += 1;
    refusals.delete(registry);
    for (const oldest of refusals.keys()) if (refusals.size >= MAX_REGISTRIES) refusals.delete(oldest);
    refusals.set(registry, { counts, last });
  };

  const judge = (registry: string, now: number) => {
    const speed = speeds.get(registry);
    const told = news.get(registry);
    const since = Math.max(now - WINDOW_MS, countsFromMs(speed));
    if (told !== undefined) {
      for (const nodes of [told.failing, told.seen])
        for (const [node, atMs] of nodes) if (atMs <= since) nodes.delete(node);
      if (told.seen.size === 0) news.delete(registry);
    }
    const failing = told?.failing.size ?? 0;
    // What failed has ended, but ran.
    const counts = { failing, seen: told?.seen.size ?? 0, running: running(registry) + failing };
    const next = judgeRegistry(speed, counts, now);
    if (next === undefined) speeds.delete(registry);
    else speeds.set(registry, next);
  };

  return {
    ended(node, image, end) {
      const registry = registryOf(image);
      if (registry === undefined || (!news.has(registry) && news.size >= MAX_REGISTRIES)) return;
      let told = news.get(registry);
      if (told === undefined) news.set(registry, (told = { failing: new Map(), seen: new Map() }));
      const now = clock.monotonicMs();
      told.seen.set(node, now);
      if (end === 'pulled' || !slowsRegistry(end)) return;
      told.failing.set(node, now);
      noteRefusal(registry, { atMs: now, kind: end, node, image });
    },
    slowed(now) {
      for (const registry of new Set([...news.keys(), ...speeds.keys()])) judge(registry, now);
      return new Map([...speeds].map(([registry, { most }]) => [registry, most]));
    },
    nextDueMs: () => Math.min(...speeds.values().map(raisedAtMs)),
    refusals: () => [...refusals].map(([registry, told]) => ({ registry, speed: speeds.get(registry), ...told })),
    clear() {
      news.clear();
      speeds.clear();
      refusals.clear();
    },
  };
}
