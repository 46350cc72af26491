import { endsAtMs, raisedAtMs } from '@kube-prefetch/core';
import {
  type LimitOverview,
  MAX_OVERVIEW_LIMITS,
  MAX_OVERVIEW_REGISTRIES,
  MAX_OVERVIEW_WAVES,
  type Overview,
  type RegistryOverview,
  type WaveOverview,
} from '@kube-prefetch/protocol';
import { type Clock, timestampAt } from '@kube-prefetch/time';
import type { LimitUse } from './permits.ts';
import type { RegistryRefusals } from './slow-registries.ts';

/** How many pulls run on a node, and how many more it has leave for but no slot. */
export interface NodePulls {
  readonly name: string;
  readonly pulling: number;
  readonly waitingForSlot: number;
}

export interface PaceNow {
  readonly limits: readonly LimitUse[];
  readonly nodes: readonly NodePulls[];
  /** Pulls that an agent runs at once; undefined: any number. */
  readonly parallelPulls: number | undefined;
  readonly registries: readonly RegistryRefusals[];
}

interface PaceOverview extends Pick<Overview, 'limits' | 'waves' | 'registries'> {
  readonly leftOut: Omit<Overview['leftOut'], 'looks'>;
}

/** What paces pulls now, as people see it. */
export function paceOverview(pace: PaceNow, clock: Clock): PaceOverview {
  const limits = [...pace.limits.flatMap(toLimit), ...nodeLimits(pace)].sort(
    (a, b) => b.waiting - a.waiting || b.used - a.used || byText(nameOf(a), nameOf(b)),
  );
  const waves = pace.limits
    .flatMap(use => toWave(use, clock))
    .sort((a, b) => b.waiting - a.waiting || byText(a.image, b.image) || byText(a.architecture, b.architecture));
  // The latest first, and before it those that are slowed.
  const registries = pace.registries
    .toReversed()
    .sort((a, b) => Number(b.speed !== undefined) - Number(a.speed !== undefined))
    .map(refusals => toRegistry(refusals, clock));
  return {
    limits: limits.slice(0, MAX_OVERVIEW_LIMITS),
    waves: waves.slice(0, MAX_OVERVIEW_WAVES),
    registries: registries.slice(0, MAX_OVERVIEW_REGISTRIES),
    leftOut: {
      limits: Math.max(0, limits.length - MAX_OVERVIEW_LIMITS),
      waves: Math.max(0, waves.length - MAX_OVERVIEW_WAVES),
      registries: Math.max(0, registries.length - MAX_OVERVIEW_REGISTRIES),
    },
  };
}

function toLimit({ limit, used, waiting }: LimitUse): readonly LimitOverview[] {
  if (limit.of.kind === 'Wave') return [];
  return [{ ...limit.of, counts: limit.counts === 'pulls' ? 'Pulls' : 'Nodes', most: limit.most, used, waiting }];
}

function nodeLimits({ nodes, parallelPulls }: PaceNow): readonly LimitOverview[] {
  if (parallelPulls === undefined) return [];
  return nodes
    .filter(({ pulling, waitingForSlot }) => pulling + waitingForSlot > 0)
    .map(({ name, pulling, waitingForSlot }) => ({
      kind: 'Node',
      name,
      counts: 'Pulls',
      most: parallelPulls,
      used: pulling,
      waiting: waitingForSlot,
    }));
}

function toWave({ limit, used, waiting }: LimitUse, clock: Clock): readonly WaveOverview[] {
  if (limit.of.kind !== 'Wave') return [];
  const { image, architecture, news } = limit.of;
  return [
    {
      image,
      architecture,
      holders: news.holders + news.fresh.length,
      countedHolders: news.holders,
      allowed: limit.most,
      pulling: used,
      stuck: news.stuck,
      waiting,
      ...(news.nextHolderMs < Infinity && { moreFrom: timestampAt(clock, news.nextHolderMs) }),
    },
  ];
}

function toRegistry({ registry, speed, counts, last }: RegistryRefusals, clock: Clock): RegistryOverview {
  const { atMs, ...refusal } = last;
  return {
    registry,
    ...(speed && {
      slowed: {
        most: speed.most,
        ranBefore: speed.ranBefore,
        raisedAt: timestampAt(clock, raisedAtMs(speed)),
        endsAt: timestampAt(clock, endsAtMs(speed)),
      },
    }),
    rateLimited: counts.RateLimited,
    unavailable: counts.RegistryUnavailable,
    lastRefusal: { at: timestampAt(clock, atMs), ...refusal },
  };
}

function nameOf({ kind, name = '' }: LimitOverview): string {
  return `${kind} ${name}`;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
