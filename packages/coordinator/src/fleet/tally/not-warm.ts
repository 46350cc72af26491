import type { CellReport, CellState, ImageRef, Plan } from '@kube-prefetch/protocol';

/**
 * The cells of one node that are asked for and not warm, with since when, monotonic. A cell is kept only while it is not warm, so
 * a fleet where everything is warm costs nothing. Both maps are in order of that time.
 */
export interface NotWarm {
  /** What the node's plan asked for when it was last followed. */
  following: Asked | undefined;
  /** This coordinator saw when they were first asked for. Only these give a time to warm. */
  asked: Map<ImageRef, number>;
  /** Found not warm at that time, asked for since who knows when. */
  found: Map<ImageRef, number>;
}

/** What a plan asks a node to pull: nothing where its pulls are held, where only suspended resources want it, or where no agent can run. */
export interface Asked {
  readonly revision: string;
  readonly applicable: boolean;
  /** What is not in it was asked for by nobody. */
  readonly complete: boolean;
  readonly images: ReadonlySet<ImageRef>;
}

export const nothingKnown = (): NotWarm => ({ following: undefined, asked: new Map(), found: new Map() });

/** Of one node, as far as this looks at it. */
export interface FollowingNode {
  readonly silent: boolean;
  readonly heard: { readonly cells: Pick<ReadonlyMap<ImageRef, CellReport>, 'get'> } | undefined;
  readonly notWarm: NotWarm;
}

/**
 * Compares what is asked for now with what was before. Whether the time at which a cell was first asked for is known:
 *
 * | the node                             | before                                   | since now                  |
 * | was there                            | its plan was complete, without the image | yes                        |
 * | was there                            | its plan was incomplete                  | no: perhaps asked already  |
 * | is new                               | the pass before read everything          | yes                        |
 * | is new                               | there was no such pass in this term      | no: perhaps there already  |
 * | was heard of, and is silent          | any                                      | no: it is away             |
 *
 * A cell that was last reported Present is warm already, and is not kept.
 */
export function followPlans(nodes: Iterable<readonly [FollowingNode, PlanOfNode]>, sawAll: boolean, now: number): void {
  const compare = createComparison();
  for (const [node, { plan, applicable }] of nodes) {
    const { notWarm, heard } = node;
    const { following: before, asked, found } = notWarm;
    if (before?.revision === plan.revision && before.applicable === applicable) continue;
    const { next, come, gone } = compare(before, plan, applicable);
    notWarm.following = next;
    for (const image of gone) if (!asked.delete(image)) found.delete(image);
    const isAway = node.silent && heard !== undefined;
    const isKnown = !isAway && (before === undefined ? sawAll : before.complete);
    for (const image of come) {
      const state = heard?.cells.get(image)?.state;
      if (state !== undefined && isWarm(state)) continue;
      if (isKnown) asked.set(image, now);
      else if (state !== undefined && isCold(state)) found.set(image, now);
    }
  }
}

export interface PlanOfNode {
  readonly plan: Plan;
  readonly applicable: boolean;
}

/**
 * Takes in a report, before the node's last one is replaced by it; returns the times to warm of the cells that have just become
 * warm, each cell once for as long as it is asked for. A cell that is warm at the first word about it was so before it was asked for,
 * unless the agent, which reported before, says that it pulled it.
 */
export function noteCells(
  { heard, notWarm }: FollowingNode,
  cells: readonly CellReport[],
  now: number,
): readonly number[] {
  const { following, asked, found } = notWarm;
  const times: number[] = [];
  for (const { image, state, pull } of cells) {
    if (isWarm(state)) {
      found.delete(image);
      const sinceMs = asked.get(image);
      if (sinceMs === undefined) continue;
      asked.delete(image);
      const before = heard?.cells.get(image)?.state;
      const wasCold = before !== undefined && isCold(before);
      if (wasCold || (heard !== undefined && pull !== undefined)) times.push(now - sinceMs);
    } else if (isCold(state) && following?.images.has(image) && !asked.has(image) && !found.has(image)) {
      found.set(image, now);
    }
  }
  return times;
}

/** The node is away for a time that says nothing about pulls: its cells give no time to warm any more. */
export function noteSilence({ heard, notWarm }: FollowingNode): void {
  if (heard === undefined || notWarm.asked.size === 0) return;
  notWarm.found = new Map([...notWarm.found, ...notWarm.asked].sort(([, a], [, b]) => a - b));
  notWarm.asked = new Map();
}

/** For how long the cell has not been warm that has been so for longest, on nodes whose agents report; 0: there is none. */
export function longestNotWarmMs(nodes: Iterable<FollowingNode>, now: number): number {
  let sinceMs = now;
  for (const { silent, heard, notWarm } of nodes) {
    if (silent || heard === undefined) continue;
    for (const map of [notWarm.asked, notWarm.found]) {
      const [first = now] = map.values();
      sinceMs = Math.min(sinceMs, first);
    }
  }
  return now - sinceMs;
}

function isWarm(state: CellState): boolean {
  return state === 'Present';
}

const COLD: readonly CellState[] = ['Missing', 'Waiting', 'Pulling', 'Stale', 'Failed'];

/** Unknown is neither. */
function isCold(state: CellState): boolean {
  return COLD.includes(state);
}

interface Comparison {
  readonly next: Asked;
  readonly come: readonly ImageRef[];
  readonly gone: readonly ImageRef[];
}

/** Compares each two plans once, however many nodes share them. */
function createComparison(): (before: Asked | undefined, plan: Plan, applicable: boolean) => Comparison {
  const askedBy = new Map<string, Asked>();
  const known = new Map<Asked | undefined, Map<Asked, Comparison>>();
  return (before, plan, applicable) => {
    const key = `${applicable} ${plan.revision}`;
    let next = askedBy.get(key);
    if (next === undefined) askedBy.set(key, (next = askedOf(plan, applicable)));
    let comparisons = known.get(before);
    if (comparisons === undefined) known.set(before, (comparisons = new Map()));
    let comparison = comparisons.get(next);
    if (comparison === undefined) {
      const had: ReadonlySet<ImageRef> = before?.images ?? new Set();
      const come = [...next.images].filter(image => !had.has(image));
      comparison = { next, come, gone: [...had].filter(image => !next.images.has(image)) };
      comparisons.set(next, comparison);
    }
    return comparison;
  };
}

function askedOf({ revision, complete, held, items }: Plan, applicable: boolean): Asked {
  const asks = applicable && held === undefined;
  const images = asks ? items.filter(({ start }) => start).map(({ image }) => image) : [];
  return { revision, applicable, complete, images: new Set(images) };
}
