import { raisedAtMs } from '@kube-prefetch/core';
import { type BoardHold, HOLD_KINDS, type HoldKind } from '@kube-prefetch/protocol/board';
import type { LimitUse, RegistryRefusals } from '../permits/index.ts';
import type { TagView } from '../refresh/tags.ts';
import { short } from './happenings.ts';

/** Told one by one. */
const MAX_HOLDS = 12;

/** What may hold pulls up. Times are monotonic. */
export interface HoldsInput {
  readonly limits: readonly LimitUse[];
  /** Nodes with images that wait for a slot, and how many of these there are. */
  readonly slots: { readonly nodes: number; readonly images: number };
  readonly registries: readonly RegistryRefusals[];
  readonly tags: readonly TagView[];
}

interface Hold extends Pick<BoardHold, 'kind' | 'text' | 'waiting'> {
  readonly moreAtMs?: number;
}

/** What holds pulls up now: registries first, then what most pulls wait for. `wallMsAt`: the wall clock at a monotonic time. */
export function tellHolds(
  { limits, slots, registries, tags }: HoldsInput,
  wallMsAt: (monotonicMs: number) => number,
): { readonly total: number; readonly first: readonly BoardHold[] } {
  const slow = registries.flatMap(refusals => slowedOf(refusals, limits));
  const slowed = new Set(registries.flatMap(({ registry, speed }) => (speed === undefined ? [] : [registry])));
  const full = limits.filter(
    ({ limit: { of }, waiting }) => waiting > 0 && !(of.kind === 'Registry' && slowed.has(of.name)),
  );
  const all: Hold[] = [...slow, ...full.map(limitOf), ...slotsOf(slots), ...tags.flatMap(failedLookOf)];
  const order = (kind: HoldKind) => HOLD_KINDS.indexOf(kind);
  all.sort((a, b) => order(a.kind) - order(b.kind) || b.waiting - a.waiting || (a.text < b.text ? -1 : 1));
  return {
    total: all.length,
    first: all.slice(0, MAX_HOLDS).map(({ moreAtMs, ...hold }) => ({
      ...hold,
      ...(moreAtMs !== undefined && { moreFromMs: Math.round(wallMsAt(moreAtMs)) }),
    })),
  };
}

function slowedOf({ registry, speed, last }: RegistryRefusals, limits: readonly LimitUse[]): readonly Hold[] {
  if (speed === undefined) return [];
  const why = last.kind === 'RateLimited' ? 'refuses pulls as too fast' : 'fails or cannot be reached';
  const use = limits.find(({ limit: { of } }) => of.kind === 'Registry' && of.name === registry);
  const text = `${short(registry)} ${why}: at most ${pulls(speed.most)} from it at once, ${speed.ranBefore} before`;
  return [{ kind: 'Registry', text, waiting: use?.waiting ?? 0, moreAtMs: raisedAtMs(speed) }];
}

function limitOf({ limit: { of, sentence }, waiting }: LimitUse): Hold {
  if (of.kind !== 'Wave') return { kind: 'Limit', text: sentence, waiting };
  const { nextHolderMs } = of.news;
  return {
    kind: 'Wave',
    text: `${short(of.image)}${of.architecture === '' ? '' : ` on ${of.architecture}`}: ${sentence}`,
    waiting,
    ...(nextHolderMs < Infinity && { moreAtMs: nextHolderMs }),
  };
}

function slotsOf({ nodes, images }: HoldsInput['slots']): readonly Hold[] {
  if (images === 0) return [];
  const where = nodes === 1 ? 'one node runs' : `${nodes} nodes run`;
  return [{ kind: 'Limit', text: `${where} as many pulls at once as a node may`, waiting: images }];
}

function failedLookOf({ image, last, dueMs }: TagView): readonly Hold[] {
  if (last?.failure === undefined) return [];
  const { kind, message } = last.failure;
  const text = `the tag of ${short(image)} could not be looked up, ${kind}: ${short(message)}`;
  return [{ kind: 'Look', text, waiting: 0, moreAtMs: dueMs }];
}

function pulls(most: number): string {
  return most === 1 ? 'one pull' : `${most} pulls`;
}
