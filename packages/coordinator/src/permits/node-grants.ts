import type { ImageRef, PermitRequest } from '@kube-prefetch/protocol';
import type { WaitingRequest } from '../requests/waiting-request.ts';
import type { Contender, Want } from './choose-grants.ts';

/** A node with what it holds and wants. */
export interface NodeGrants {
  readonly node: string;
  /** Monotonic end of each. */
  readonly permits: Map<ImageRef, number>;
  readonly wants: Map<ImageRef, Want>;
  waiting: WaitingRequest<readonly ImageRef[]> | undefined;
  /** Something was granted since the node's last request. */
  gained: boolean;
  /** When the node is forgotten, and with it the age of its wants. */
  forgetMs: number;
}

/**
 * Replaces what is known of the node by its request. A running pull gets a permit, whether it had one or not. An unused
 * permit is kept while its image is wanted. What the node goes on wanting keeps its age. A node has `most` permits at most.
 */
export function takeRequest(
  holders: Map<string, NodeGrants>,
  node: string,
  { holding, wanting }: PermitRequest,
  most: number,
  untilMs: number,
  now: number,
): NodeGrants {
  const before = holders.get(node);
  const held = [...new Set(holding)].slice(0, most);
  const permits = new Map(held.map(image => [image, untilMs]));
  const wants = new Map<ImageRef, Want>();
  for (const { image, priority } of wanting) {
    if (permits.has(image)) continue;
    if (before?.permits.has(image) && permits.size < most) permits.set(image, untilMs);
    else wants.set(image, { image, priority, sinceMs: before?.wants.get(image)?.sinceMs ?? now });
  }
  if (before !== undefined) answer(before);
  const gained = permits.size > held.length;
  const holder = { node, permits, wants, waiting: undefined, gained, forgetMs: untilMs };
  holders.set(node, holder);
  return holder;
}

export function answer(holder: NodeGrants): void {
  holder.waiting?.answer(grantedImages(holder));
  holder.waiting = undefined;
}

export function contender({ node, permits, wants }: NodeGrants): Contender {
  return { node, permits: permits.size, wants: [...wants.values()] };
}

export function grantedImages(holder: NodeGrants): readonly ImageRef[] {
  return [...holder.permits.keys()];
}
