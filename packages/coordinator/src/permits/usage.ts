import type { PullLimit } from '@kube-prefetch/core';

/** How much of each limit is used, kept up to date permit by permit. */
export interface Usage {
  add(node: string, limits: readonly PullLimit[]): void;
  /** Takes the same limits that were added. */
  remove(node: string, limits: readonly PullLimit[]): void;
  /** The first limit that has no room for one more permit of the node. */
  full(node: string, limits: readonly PullLimit[]): PullLimit | undefined;
  /** Pulls or nodes, as the limit counts. */
  used(limit: PullLimit): number;
  clear(): void;
}

const UNUSED = { permits: 0, nodes: new Map<string, number>() };

export function createUsage(): Usage {
  /** By the limit's key, how many permits each node has. */
  const used = new Map<string, { permits: number; readonly nodes: Map<string, number> }>();

  const change = (node: string, { key }: PullLimit, by: 1 | -1) => {
    let limit = used.get(key);
    if (limit === undefined) used.set(key, (limit = { permits: 0, nodes: new Map() }));
    limit.permits += by;
    const permits = (limit.nodes.get(node) ?? 0) + by;
    if (permits === 0) limit.nodes.delete(node);
    else limit.nodes.set(node, permits);
    if (limit.permits === 0) used.delete(key);
  };
  const isFull = (node: string, { key, most, counts, alsoUsing }: PullLimit) => {
    const { permits, nodes } = used.get(key) ?? UNUSED;
    if (counts === 'pulls') return permits >= most;
    if (nodes.has(node) || alsoUsing?.has(node)) return false;
    const more = alsoUsing?.values().filter(name => !nodes.has(name));
    return nodes.size + (more?.toArray().length ?? 0) >= most;
  };

  return {
    add(node, limits) {
      for (const limit of limits) change(node, limit, 1);
    },
    remove(node, limits) {
      for (const limit of limits) change(node, limit, -1);
    },
    full: (node, limits) => limits.find(limit => isFull(node, limit)),
    used({ key, counts }) {
      const { permits, nodes } = used.get(key) ?? UNUSED;
      return counts === 'pulls' ? permits : nodes.size;
    },
    clear: () => used.clear(),
  };
}
