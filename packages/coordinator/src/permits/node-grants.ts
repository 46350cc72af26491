import type { LimitsOf, PullLimit } from '@kube-prefetch/core';
import type { ImageRef, PermitRequest } from '@kube-prefetch/protocol';
import type { WaitingRequest } from '../requests/waiting-request.ts';
import type { Contender, Want } from './choose-grants.ts';

export interface Permit {
  /** Monotonic. */
  readonly untilMs: number;
  readonly limits: readonly PullLimit[];
}

/** A node with what it holds and wants. */
export interface NodeGrants {
  readonly node: string;
  readonly permits: Map<ImageRef, Permit>;
  readonly wants: Map<ImageRef, Want>;
  /** Given back; they count until their end. */
  lingering: readonly Permit[];
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
  before: NodeGrants | undefined,
  node: string,
  { holding, wanting }: PermitRequest,
  { limitsOf, most, untilMs, now }: { limitsOf: LimitsOf; most: number; untilMs: number; now: number },
): NodeGrants {
  const held = [...new Set(holding)].slice(0, most);
  const permit = (image: ImageRef): Permit => ({ untilMs, limits: limitsOf(node, image) });
  const permits = new Map(held.map(image => [image, permit(image)]));
  const wants = new Map<ImageRef, Want>();
  for (const { image, priority } of wanting) {
    if (permits.has(image)) continue;
    const sinceMs = before?.wants.get(image)?.sinceMs ?? now;
    if (before?.permits.has(image) && permits.size < most) permits.set(image, permit(image));
    else wants.set(image, limited(node, { image, priority, sinceMs }, limitsOf));
  }
  if (before !== undefined) answer(before);
  const lingering = before === undefined ? [] : lingeringOf(before, permits, now);
  const gained = permits.size > held.length;
  return { node, permits, wants, lingering, waiting: undefined, gained, forgetMs: untilMs };
}

function lingeringOf(before: NodeGrants, permits: ReadonlyMap<ImageRef, Permit>, now: number): readonly Permit[] {
  const given = [...before.permits].flatMap(([image, { limits }]) => (permits.has(image) ? [] : lingers(limits, now)));
  return [...before.lingering.filter(({ untilMs }) => untilMs > now), ...given];
}

function lingers(limits: readonly PullLimit[], now: number): readonly Permit[] {
  return limits.flatMap(limit =>
    limit.lingersMs === undefined ? [] : [{ untilMs: now + limit.lingersMs, limits: [limit] }],
  );
}

/** Gives what the node holds and wants the limits that hold from now on. */
export function renewLimits({ node, permits, wants }: NodeGrants, limitsOf: LimitsOf): void {
  for (const [image, permit] of permits) permits.set(image, { ...permit, limits: limitsOf(node, image) });
  for (const [image, want] of wants) wants.set(image, limited(node, want, limitsOf));
}

function limited(node: string, want: Omit<Want, 'limits' | 'isLater'>, limitsOf: LimitsOf): Want {
  const limits = limitsOf(node, want.image);
  return { ...want, limits, isLater: limits.some(limit => limit.isLater?.(node) ?? false) };
}

export function answer(holder: NodeGrants): void {
  holder.waiting?.answer(grantedImages(holder));
  holder.waiting = undefined;
}

/** `may`: which of its wants may be granted; all if absent. */
export function contender({ node, permits, wants }: NodeGrants, may: (want: Want) => boolean = () => true): Contender {
  return { node, permits: permits.size, wants: [...wants.values()].filter(may) };
}

export function grantedImages(holder: NodeGrants): readonly ImageRef[] {
  return [...holder.permits.keys()];
}
