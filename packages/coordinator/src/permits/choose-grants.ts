import type { ImageRef } from '@kube-prefetch/protocol';

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
}

export interface Grant {
  readonly node: string;
  readonly image: ImageRef;
}

/**
 * Hands out `free` permits, so that no node has more than `mostEach`: by priority, then to the node that has fewest, then to the
 * oldest want, then by name.
 */
export function chooseGrants(contenders: readonly Contender[], free: number, mostEach = Infinity): readonly Grant[] {
  const queues = contenders.map(({ node, permits, wants }) => {
    return { node, permits, wants: wants.toSorted(inOrder).slice(0, Math.max(0, mostEach - permits)), next: 0 };
  });
  const grants: Grant[] = [];
  while (grants.length < free) {
    const first = queues.reduce<Queue | undefined>((a, b) => (head(b) && (!a || goesFirst(b, a)) ? b : a), undefined);
    const want = first && head(first);
    if (first === undefined || want === undefined) break;
    grants.push({ node: first.node, image: want.image });
    first.next += 1;
    first.permits += 1;
  }
  return grants;
}

interface Queue {
  readonly node: string;
  permits: number;
  readonly wants: readonly Want[];
  next: number;
}

function head(queue: Queue): Want | undefined {
  return queue.wants[queue.next];
}

function goesFirst(a: Queue, b: Queue): boolean {
  const [wantA, wantB] = [head(a) as Want, head(b) as Want];
  const order =
    wantB.priority - wantA.priority ||
    a.permits - b.permits ||
    wantA.sinceMs - wantB.sinceMs ||
    (a.node < b.node ? -1 : 1);
  return order < 0;
}

function inOrder(a: Want, b: Want): number {
  return b.priority - a.priority || a.sinceMs - b.sinceMs || (a.image < b.image ? -1 : 1);
}
