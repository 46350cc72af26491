import type { ImageRef, PermitRequest } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { createWaitingRequest } from '../requests/waiting-request.ts';
import { apiErrors } from '../requests/api-errors.ts';
import { chooseGrants } from './choose-grants.ts';
import { answer, contender, type NodeGrants, grantedImages, takeRequest } from './node-grants.ts';

export interface PermitLimits {
  /** Pulls that may run at once in the whole cluster; undefined: any number. */
  readonly maxConcurrentPulls?: number | undefined;
  /** Pulls that an agent runs at once; undefined: any number. */
  readonly parallelPulls?: number | undefined;
}

/**
 * Pull permits, each of which ends after its time to live. A node's request names all that it holds and wants; a permit
 * that it does not name is free again.
 */
export interface Permits {
  readonly ttlMs: number;
  /** Starts over, for a new term: until one time to live has passed, only pulls that already run get permits. */
  open(now: number): void;
  /** Forgets everything, and fails every waiting request with ShuttingDown. */
  close(): void;
  setLimits(limits: PermitLimits): void;
  /** Ends the permits that nobody renewed, and grants what is free. */
  expire(now: number): void;
  nextDueMs(now: number): number;
  /** The images that the node may pull for one time to live from now. Waits for a first grant up to the request's `waitMs`. */
  request(node: string, request: PermitRequest, signal: AbortSignal): Promise<readonly ImageRef[]>;
  /** How many permits nodes have, and how many images the requests that wait want. */
  counts(): { readonly granted: number; readonly waiting: number };
}

/** An agent runs up to twice as many pulls while some are slow, and requests permits for the next ones. */
const PERMITS_PER_PULL = 3;

export function createPermits({ clock, ttlMs }: { clock: Clock; ttlMs: number }): Permits {
  const nodes = new Map<string, NodeGrants>();
  let limit: number | undefined;
  let mostEach = Infinity;
  let quietUntilMs = 0;
  /** A node counts the time to live from when it sent its request: after a longer wait a grant would be over before it is used. */
  const longestWaitMs = ttlMs / 3;

  const grantedToAll = () => nodes.values().reduce((sum, holder) => sum + holder.permits.size, 0);

  /** Grants what is free to nodes that wait and, if given, to the one whose request this is. Answers those who gained. */
  const serve = (now: number, asking?: NodeGrants) => {
    if (limit !== undefined && now < quietUntilMs) return;
    const free = limit === undefined ? Infinity : limit - grantedToAll();
    if (free <= 0) return;
    const contenders = [...nodes.values()].filter(holder => holder.waiting !== undefined || holder === asking);
    for (const { node, image } of chooseGrants(contenders.map(contender), free, mostEach)) {
      const holder = nodes.get(node) as NodeGrants;
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
    setLimits({ maxConcurrentPulls, parallelPulls = Infinity }) {
      limit = maxConcurrentPulls;
      mostEach = parallelPulls * PERMITS_PER_PULL;
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
      const holder = takeRequest(nodes, node, request, mostEach, now + ttlMs, now);
      serve(now, holder);
      if (holder.gained || holder.wants.size === 0 || request.waitMs === 0) return grantedImages(holder);

      const waiting = createWaitingRequest(clock, Math.min(request.waitMs, longestWaitMs), signal, () =>
        grantedImages(holder),
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
