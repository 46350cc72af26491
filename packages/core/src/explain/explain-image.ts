import type { ImageRef } from '@kube-prefetch/protocol';
import type { Ask } from '../ask.ts';
import type { Node } from '../cluster-state.ts';
import { matchNode } from '../placement/match-node.ts';
import { because } from './because.ts';

/** Why each node should or should not hold the image: the verdict of everyone who asks for it, also where it is No. */
export function explainImage(
  asks: readonly Ask[],
  image: ImageRef,
  nodes: readonly Node[],
  startupTaints: readonly string[] = [],
): readonly { node: string; because: readonly string[] }[] {
  const asking = asks.filter(ask => ask.image === image);
  return nodes.map(node => ({
    node: node.name,
    because: asking.map(ask => because(ask, matchNode(ask.placement, node, startupTaints))),
  }));
}
