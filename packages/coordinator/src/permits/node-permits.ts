import type { ImageRef, PermitRequest } from '@kube-prefetch/protocol';
import type { WaitingRequest } from '../requests/waiting-request.ts';
import type { Contender, Want } from './choose-grants.ts';

/** A node with what it holds and wants. */
export interface NodePermits {
  readonly node: string;
  /** Monotonic end of each. */
  readonly permits: Map<ImageRef, number>;
  readonly wants: Map<ImageRef, Want>;
  waiting: WaitingRequest<readonly ImageRef[]> | undefined;
  /** Something wanted was granted since the node asked. */
  gained: boolean;
  /** When the age of its wants is forgotten. */
  forgetMs: number;
}

/**
 * Takes a request over as all that the node has and wants: running pulls get a permit with or without one before, a
 * permit not yet used is kept while its image is still wanted, and a want keeps its age.
 */
export function present(
  holders: Map<string, NodePermits>,
  node: string,
  { holding, wanting }: PermitRequest,
  untilMs: number,
  now: number,
): NodePermits {
  const before = holders.get(node);
  const permits = new Map(holding.map(image => [image, untilMs]));
  const wants = new Map<ImageRef, Want>();
  for (const { image, priority } of wanting) {
    if (permits.has(image)) continue;
    if (before?.permits.has(image)) permits.set(image, untilMs);
    else wants.set(image, { image, priority, sinceMs: before?.wants.get(image)?.sinceMs ?? now });
  }
  if (before !== undefined) answer(before);
  const gained = permits.size > new Set(holding).size;
  const holder = { node, permits, wants, waiting: undefined, gained, forgetMs: untilMs };
  holders.set(node, holder);
  return holder;
}

export function answer(holder: NodePermits): void {
  holder.waiting?.answer(imagesOf(holder));
  holder.waiting = undefined;
}

export function contender({ node, permits, wants }: NodePermits): Contender {
  return { node, permits: permits.size, wants: [...wants.values()] };
}

export function imagesOf(holder: NodePermits): readonly ImageRef[] {
  return [...holder.permits.keys()];
}
