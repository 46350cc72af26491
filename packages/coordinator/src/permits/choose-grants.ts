import type { PullLimit } from '@kube-prefetch/core';
import type { ImageRef } from '@kube-prefetch/protocol';
import type { Usage } from './usage.ts';

/** What one node may be granted now. */
export interface Contender {
  readonly node: string;
  /** Permits that the node holds. */
  readonly permits: number;
  readonly wants: readonly Want[];
}

export interface Want {
  readonly image: ImageRef;
  readonly priority: number;
  /** Monotonic; since when the node has wanted it without a break. */
  readonly sinceMs: number;
  readonly limits: readonly PullLimit[];
  /** Others of the same priority get their turn first. */
  readonly isLater: boolean;
}

export interface Grant {
  readonly node: string;
  readonly want: Want;
}

/** How many permits a node may have. */
export interface NodeShare {
  readonly most: number;
  /** With so many it gets none that has a limit: permits for its next pulls would keep other nodes waiting. */
  readonly mostLimited: number;
}

/**
 * Hands out what the limits leave free, and adds it to `usage`: by priority, then to the node that has fewest, then to the oldest
 * want, then by name. A want whose limit is full holds up none behind it.
 */
export function chooseGrants(contenders: readonly Contender[], usage: Usage, share: NodeShare): readonly Grant[] {
  const queues = contenders.map(({ node, permits, wants }) => ({
    node,
    permits,
    wants: wants.toSorted(inOrder),
    next: 0,
  }));
  const grants: Grant[] = [];
  const head = (queue: Grantable): Want | undefined => {
    if (queue.permits >= share.most) return undefined;
    // What is held up now stays so until all grants are chosen.
    for (; queue.next < queue.wants.length; queue.next += 1) {
      const want = queue.wants[queue.next] as Want;
      if (want.limits.length === 0) return want;
      if (queue.permits < share.mostLimited && usage.full(queue.node, want.limits) === undefined) return want;
    }
    return undefined;
  };
  for (;;) {
    let first: { queue: Grantable; want: Want } | undefined;
    for (const queue of queues) {
      const want = head(queue);
      if (want !== undefined && (first === undefined || goesFirst({ queue, want }, first))) first = { queue, want };
    }
    if (first === undefined) return grants;
    const { queue, want } = first;
    grants.push({ node: queue.node, want });
    usage.add(queue.node, want.limits);
    queue.next += 1;
    queue.permits += 1;
  }
}

export interface Wait {
  /** The limit that has no room. */
  readonly limit: PullLimit;
  /** How many wants that the same limit holds up come before it. */
  readonly before: number;
}

/** Why wants are not granted now: the answer is undefined where no limit keeps one from being. */
export function findWaits(
  contenders: readonly Contender[],
  usage: Usage,
): (node: string, image: ImageRef) => Wait | undefined {
  const heads = contenders.flatMap(queue => queue.wants.map(want => ({ queue, want })));
  const ranks = new Map<string, ReadonlyMap<Want, number>>();
  const ranksOf = ({ key }: PullLimit) => {
    let known = ranks.get(key);
    if (known === undefined) {
      const waiting = heads.filter(({ want }) => want.limits.some(limit => limit.key === key)).sort(byTurn);
      ranks.set(key, (known = new Map(waiting.map(({ want }, rank) => [want, rank]))));
    }
    return known;
  };
  const wants = new Map(contenders.map(({ node, wants }) => [node, new Map(wants.map(want => [want.image, want]))]));
  return (node, image) => {
    const want = wants.get(node)?.get(image);
    const limit = want && usage.full(node, want.limits);
    return want && limit && { limit, before: ranksOf(limit).get(want) ?? 0 };
  };
}

interface Grantable extends Contender {
  permits: number;
  /** The first want that was neither granted nor held up. */
  next: number;
}

interface Head {
  readonly queue: Contender;
  readonly want: Want;
}

function goesFirst(a: Head, b: Head): boolean {
  return byTurn(a, b) < 0;
}

function byTurn(a: Head, b: Head): number {
  return (
    b.want.priority - a.want.priority ||
    Number(a.want.isLater) - Number(b.want.isLater) ||
    a.queue.permits - b.queue.permits ||
    a.want.sinceMs - b.want.sinceMs ||
    compare(a.queue.node, b.queue.node) ||
    compare(a.want.image, b.want.image)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function inOrder(a: Want, b: Want): number {
  return (
    b.priority - a.priority ||
    Number(a.isLater) - Number(b.isLater) ||
    a.sinceMs - b.sinceMs ||
    compare(a.image, b.image)
  );
}
