import type { CellState, Failure, ImageRef, Plan, PlanItem, WaitReason } from '@kube-prefetch/protocol';
import type { Presence } from '@kube-prefetch/runtime';
import type { RunningPull } from './judge-stall.ts';
import { type Histories, type History, isStale } from './image-history.ts';

/** One planned image on this node, in the agent's own time; a CellReport says the same to people. */
export interface Cell {
  readonly image: ImageRef;
  readonly state: CellState;
  readonly waitingFor?: WaitReason;
  /** Why credentials could not be had when they were last asked for. */
  readonly waitingBecause?: string;
  /** Monotonic: when they are asked for again. */
  readonly askAgainMs?: number;
  readonly failure?: Failure;
  /** Failed pulls in a row. */
  readonly attempts?: number;
  /** Monotonic: when it first failed in this way since it was last present. */
  readonly failingSinceMs?: number | undefined;
  /** Monotonic, of a Failed or Stale cell; in the past where it may be tried now. */
  readonly retryAtMs?: number;
  readonly sizeBytes?: number;
  readonly digests?: readonly string[];
}

export interface Findings {
  readonly plan: Plan | undefined;
  readonly seen: ReadonlyMap<ImageRef, Presence>;
  /** As they were before the look: a pull that ended meanwhile is judged in the next cycle. */
  readonly running: ReadonlyMap<ImageRef, Pick<RunningPull, 'gathering'>>;
  readonly histories: Histories;
}

/**
 * What each planned image is on this node, in plan order.
 *
 * | being pulled | runtime says | suspect | failed before | cell                               |
 * | gathering    | any          | any     | any           | Waiting, where it waited before    |
 * | yes          | any          | any     | any           | Pulling, with the last failure     |
 * | no           | present      | no      | any           | Present                            |
 * | no           | with other contents than wanted | no | any | Stale, with the last failure     |
 * | no           | present      | yes     | yes           | Failed: it is known to be broken   |
 * | no           | absent       | any     | yes           | Failed                             |
 * | no           | absent       | any     | no            | Missing                            |
 */
export function judgeCells({ plan, seen, running, histories }: Findings): readonly Cell[] {
  return (plan?.items ?? []).map(item => judge(item, seen.get(item.image), running, histories.get(item.image)));
}

function judge(
  { image, digest }: PlanItem,
  presence: Presence | undefined,
  running: Findings['running'],
  history: History | undefined,
): Cell {
  const failed = lastFailure(history);
  const waits = history?.waits && { waitingBecause: history.waits.because, askAgainMs: history.waits.retryAtMs };
  if (running.get(image)?.gathering && waits) return { image, state: 'Waiting', waitingFor: 'Credentials', ...waits };
  if (running.has(image)) return { image, state: 'Pulling', ...failed };
  if (presence?.present && !history?.suspect) {
    const { sizeBytes, digests } = presence;
    if (!isStale(presence, digest)) return { image, state: 'Present', sizeBytes, digests };
    const retry = history?.failure && { retryAtMs: history.failure.retryAtMs };
    return { image, state: 'Stale', sizeBytes, digests, ...failed, ...waits, ...retry };
  }
  if (history?.failure) return { image, state: 'Failed', ...failed, ...waits, retryAtMs: history.failure.retryAtMs };
  return { image, state: 'Missing', ...waits };
}

function lastFailure(history: History | undefined): Pick<Cell, 'failure' | 'attempts' | 'failingSinceMs'> {
  if (history?.failure === undefined) return {};
  const { kind, message, count, firstMs } = history.failure;
  return { failure: { kind, message }, attempts: count, failingSinceMs: firstMs[kind] };
}

/** For a look that failed: nothing is known of any image. */
export function unknownCells(plan: Plan | undefined): readonly Cell[] {
  return (plan?.items ?? []).map(({ image }) => ({ image, state: 'Unknown' }));
}

export function imagesOf(plan: Plan | undefined): readonly ImageRef[] {
  return (plan?.items ?? []).map(item => item.image);
}
