import type { NodeChoice } from '@kube-prefetch/protocol';
import type { Labels, Node, PodSpec } from '../state/cluster-state.ts';

/** Where an ask wants its image: nodes of `choice` on which the scheduler could put `pod`. */
export interface Placement {
  readonly choice: NodeChoice | undefined;
  /** What the scheduler looks at; for an image named outright an empty pod with the choice's tolerations. */
  readonly pod: Pick<
    PodSpec,
    'nodeName' | 'nodeSelector' | 'nodeAffinity' | 'tolerations' | 'os' | 'extendedResources'
  >;
}

/** Whether an ask wants its image on a node; `Held`: yes, but nothing may start there now. */
export interface Verdict {
  readonly verdict: 'Yes' | 'No' | 'Held';
  /** For `explain`: names the rule that decided, with the values on both sides. */
  readonly sentence: string;
}

/** One of the things that decide whether a pod may land on a node. */
export interface PlacementRule {
  holds(node: Node): boolean;
  /** What is wanted and what the node has; empty where the rule asks nothing of this node. */
  describe(node: Node): string;
}

/** `the node has pool=web and no zone`. */
export function describeLabels(keys: readonly string[], labels: Labels): string {
  const distinct = [...new Set(keys)];
  return `the node has ${distinct.map(key => (Object.hasOwn(labels, key) ? `${key}=${labels[key]}` : `no ${key}`)).join(', ')}`;
}
