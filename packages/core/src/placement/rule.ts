import type { Labels, Node } from '../cluster-state.ts';

/** One of the things that decide whether a pod may land on a node. */
export interface Rule {
  holds(node: Node): boolean;
  /** What is wanted and what the node has; empty where the rule asks nothing of this node. */
  describe(node: Node): string;
}

/** `the node has pool=web and no zone`. */
export function describeLabels(keys: readonly string[], labels: Labels): string {
  const distinct = [...new Set(keys)];
  return `the node has ${distinct.map(key => (Object.hasOwn(labels, key) ? `${key}=${labels[key]}` : `no ${key}`)).join(', ')}`;
}
