import type { ImageRef, PermitRequest } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { createWaitingRequest } from '../requests/waiting-request.ts';
import { apiErrors } from '../requests/api-errors.ts';
import { chooseGrants } from './choose-grants.ts';
import { answer, contender, type NodePermits, imagesOf, present } from './node-permits.ts';

export interface PermitLimits {
  /** Pulls that may run at once in the whole cluster; undefined: any number. */
  readonly maxConcurrentPulls?: number | undefined;
}

/**
 * Pull permits that end by themselves. What a node holds and wants is what its last request said; whatever it leaves
 * out is free again.
 */
export interface Permits {
  readonly ttlMs: number;
  /** Starts over, for a new term: until one ttl has passed only what agents present is granted. */
  open(now: number): void;
  /** Forgets everything, and fails every waiting request with ShuttingDown. */
  close(): void;
  setLimits(limits: PermitLimits): void;
  /** Frees what nobody renewed, and serves who waits. */
  expire(now: number): void;
  nextDueMs(now: number): number;
  /** The images that the node may pull or go on pulling for one ttl from now; waits for a first grant as it asks. */
  request(node: string, request: PermitRequest, signal: AbortSignal): Promise<readonly ImageRef[]>;
  /** Permits out, and wants of requests that wait. */
  counts(): { readonly granted: number; readonly waiting: number };
}

export function createPermits({ clock, ttlMs }: { clock: Clock; ttlMs: number }): Permits {
  const nodes = new Map<string, NodePermits>();
  let limit: number | undefined;
  let quietUntilMs = 0;
  /** The holder counts the ttl from when it asked: a grant after a longer wait would be over before it is used. */
  const longestWaitMs = ttlMs / 3;

  const grantedToAll = () => nodes.values().reduce((sum, holder) => sum + holder.permits.size, 0);

  /** Hands out what is free among all that wait and, if given, one that has just asked; answers those who waited. */
  const serve = (now: number, asking?: NodePermits) => {
    if (limit !== undefined && now < quietUntilMs) return;
    const free = limit === undefined ? Infinity : limit - grantedToAll();
    if (free <= 0) return;
    const contenders = [...nodes.values()].filter(holder => holder.waiting !== undefined || holder === asking);
    for (const { node, image } of chooseGrants(contenders.map(contender), free)) {
      const holder = nodes.get(node) as NodePermits;
      holder.permits.set(image, now + ttlMs);
      holder.wants.delete(image);
      holder.gained = true;
    }
    for (const holder of contenders) if (holder.gained) answer(holder);
  };

  return {
    ttlMs,
    open(now) {
      nodes.clear();
      quietUntilMs = now + ttlMs;
    },
    close() {
      for (const { waiting } of nodes.values()) waiting?.fail(apiErrors.shuttingDown());
      nodes.clear();
    },
    setLimits({ maxConcurrentPulls }) {
      limit = maxConcurrentPulls;
    },
    expire(now) {
      for (const holder of nodes.values()) {
        for (const [image, untilMs] of holder.permits) if (untilMs <= now) holder.permits.delete(image);
        if (holder.waiting === undefined && now >= holder.forgetMs) nodes.delete(holder.node);
      }
      serve(now);
    },
    nextDueMs(now) {
      let dueMs = limit !== undefined && now < quietUntilMs ? quietUntilMs : Infinity;
      for (const { permits } of nodes.values())
        for (const untilMs of permits.values()) dueMs = Math.min(dueMs, untilMs);
      return dueMs;
    },
    async request(node, request, signal) {
      const now = clock.monotonicMs();
      const holder = present(nodes, node, request, now + ttlMs, now);
      serve(now, holder);
      if (holder.gained || holder.wants.size === 0 || request.waitMs === 0) return imagesOf(holder);

      const waiting = createWaitingRequest(clock, Math.min(request.waitMs, longestWaitMs), signal, () =>
        imagesOf(holder),
      );
      holder.waiting = waiting;
      try {
        return await waiting.answered;
      } finally {
        if (holder.waiting === waiting) holder.waiting = undefined;
      }
    },
    counts() {
      const waiting = nodes.values().filter(holder => holder.waiting !== undefined);
      return { granted: grantedToAll(), waiting: waiting.reduce((sum, holder) => sum + holder.wants.size, 0) };
    },
  };
}
