import { type ImageRef, MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import type { Ask } from '../ask.ts';
import type { Node } from '../cluster-state.ts';
import { matchNode } from '../placement/match-node.ts';
import { mergeAsks } from '../plans/merge-asks.ts';
import { because } from './because.ts';

/** Who asks for what on one node, in pull order. */
export function explainNode(
  asks: readonly Ask[],
  node: Node,
  startupTaints: readonly string[] = [],
): readonly { image: ImageRef; because: readonly string[] }[] {
  const judged = asks.map(ask => ({ ask, verdict: matchNode(ask.placement, node, startupTaints) }));
  const wanted = judged.filter(({ verdict }) => verdict.verdict !== 'No');
  const byImage = Map.groupBy(wanted, ({ ask }) => ask.image);
  const { items, leftOut } = mergeAsks(wanted.map(({ ask }) => ask));
  const sentences = (image: ImageRef) => (byImage.get(image) ?? []).map(({ ask, verdict }) => because(ask, verdict));
  return [
    ...items.map(({ image }) => ({ image, because: sentences(image) })),
    ...leftOut.map(({ image }) => ({ image, because: [NO_ROOM, ...sentences(image)] })),
  ];
}

const NO_ROOM = `left out of the plan, which names at most ${MAX_IMAGES_PER_NODE} images: raise its priority, or ask for fewer`;
