import type { LimitsOf, PullLimit } from '@kube-prefetch/core';
import { type ImageRef, type PermitRequest, registryOf } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { createWaitingRequest } from '../requests/waiting-request.ts';
import { apiErrors } from '../requests/api-errors.ts';
import { chooseGrants, findWaits } from './choose-grants.ts';
import {
  answer,
  contender,
  grantedImages,
  type NodeGrants,
  type Permit,
  renewLimits,
  takeRequest,
} from './node-grants.ts';
import { createUsage } from './usage.ts';

/**
 * Pull permits, each of which ends after its time to live. A node's request names all that it holds and wants; a permit
 * that it does not name is free again.
 */
export interface Permits {
  readonly ttlMs: number;
  /** Starts over, for a new term: until one time to live has passed, of pulls that have a limit only those that run get permits. */
  open(now: number): void;
  /** Forgets everything, and fails every waiting request with ShuttingDown. */
  close(): void;
  /** `parallelPulls`: that an agent runs at once; any number if absent. */
  setLimits(limitsOf: LimitsOf, parallelPulls?: number): void;
  /** Ends the permits that nobody renewed, and grants what is free. */
  expire(now: number): void;
  nextDueMs(now: number): number;
  /** The images that the node may pull for one time to live from now. Waits for a first grant up to the request's `waitMs`. */
  request(node: string, request: PermitRequest, signal: AbortSignal): Promise<readonly ImageRef[]>;
  /** For one look at many pulls that wait for a permit: why they have none, as a sentence. */
  explain(now: number): (node: string, image: ImageRef) => string;
  /** The limits that pulls use or wait for. */
  limits(): readonly LimitUse[];
  /** How many images of the registry nodes may be pulling: of their permits, as many as a node pulls at once. */
  countFrom(registry: string): number;
  /** How many permits nodes have, and how many images the requests that wait want. */
  counts(): { readonly granted: number; readonly waiting: number };
}

export interface LimitUse {
  readonly limit: PullLimit;
  /** Pulls or nodes, as it counts. */
  readonly used: number;
  /** Wants that it holds up. */
  readonly waiting: number;
}

/** An agent runs up to twice as many pulls while some are slow, and requests permits for the next ones. */
const PERMITS_PER_PULL = 3;

const SETTLING = 'the coordinator has just begun to lead, and counts the pulls that run before it permits others';

const NOT_ASKED = 'the node has not asked for one yet';
const HAS_ONE = 'the node has one, and starts the pull when it has heard of it';
const NEXT_REQUEST = 'no limit is full; the node gets one with its next request, or when it has used those that it has';

interface PermitsParts {
  readonly clock: Clock;
  readonly ttlMs: number;
  /** Called when a request makes `expire` due earlier than `nextDueMs` last said. */
  readonly dueEarlier: () => void;
}

export function createPermits({ clock, ttlMs, dueEarlier }: PermitsParts): Permits {
  const nodes = new Map<string, NodeGrants>();
  const usage = createUsage();
  let limitsOf: LimitsOf = () => [];
  let share = { most: Infinity, mostLimited: Infinity };
  let quietUntilMs = 0;
  /** By when the caller of `expire` knows that it is due. */
  let toldMs = Infinity;
  /** Something became free since all who wait were served. While nothing did, each of them is held up by a full limit. */
  let freed = true;
  /** A node counts the time to live from when it sent its request: after a longer wait a grant would be over before it is used. */
  const longestWaitMs = ttlMs / 3;

  const release = (holder: NodeGrants) => {
    for (const { limits } of counting(holder)) usage.remove(holder.node, limits);
  };
  const occupy = (holder: NodeGrants) => {
    for (const { limits } of counting(holder)) usage.add(holder.node, limits);
  };

  const dueOf = (holder: NodeGrants, now: number) => {
    const dueMs = now < quietUntilMs && waitsForLimit(holder) ? quietUntilMs : Infinity;
    return counting(holder).reduce((soonestMs, { untilMs }) => Math.min(soonestMs, untilMs), dueMs);
  };

  /** Grants what is free to nodes that wait and, if given, to the one whose request this is. Answers those who gained. */
  const serve = (now: number, asking?: NodeGrants) => {
    const isQuiet = now < quietUntilMs;
    const served = freed ? [...nodes.values()].filter(({ waiting }) => waiting !== undefined) : [];
    if (asking !== undefined) served.push(asking);
    const contenders = served.map(holder => contender(holder, ({ limits }) => !isQuiet || limits.length === 0));
    for (const { node, want } of chooseGrants(contenders, usage, share)) {
      const holder = nodes.get(node) as NodeGrants;
      holder.permits.set(want.image, { untilMs: now + ttlMs, limits: want.limits });
      holder.wants.delete(want.image);
      holder.gained = true;
    }
    for (const holder of served) if (holder.gained) answer(holder);
    freed = false;
  };

  return {
    ttlMs,
    open(now) {
      nodes.clear();
      usage.clear();
      quietUntilMs = now + ttlMs;
    },
    close() {
      for (const { waiting } of nodes.values()) waiting?.fail(apiErrors.shuttingDown());
      nodes.clear();
      usage.clear();
    },
    setLimits(next, parallelPulls = Infinity) {
      limitsOf = next;
      share = { most: parallelPulls * PERMITS_PER_PULL, mostLimited: parallelPulls };
      usage.clear();
      for (const holder of nodes.values()) {
        renewLimits(holder, limitsOf);
        occupy(holder);
      }
    },
    expire(now) {
      for (const holder of nodes.values()) {
        const isForgotten = holder.waiting === undefined && now >= holder.forgetMs;
        for (const { untilMs, limits } of counting(holder))
          if (isForgotten || untilMs <= now) usage.remove(holder.node, limits);
        for (const [image, { untilMs }] of holder.permits) if (untilMs <= now) holder.permits.delete(image);
        holder.lingering = holder.lingering.filter(({ untilMs }) => untilMs > now);
        if (isForgotten) nodes.delete(holder.node);
      }
      freed = true;
      serve(now);
    },
    nextDueMs(now) {
      toldMs = nodes.values().reduce((dueMs, holder) => Math.min(dueMs, dueOf(holder, now)), Infinity);
      return toldMs;
    },
    async request(node, request, signal) {
      const now = clock.monotonicMs();
      const before = nodes.get(node);
      if (before !== undefined) release(before);
      const holder = takeRequest(before, node, request, { limitsOf, most: share.most, untilMs: now + ttlMs, now });
      nodes.set(node, holder);
      occupy(holder);
      if (before !== undefined && givesBack(before, holder)) freed = true;
      serve(now, holder);
      // What others gain was let go by this node, and would have ended no later.
      const dueMs = dueOf(holder, now);
      if (dueMs < toldMs) {
        toldMs = dueMs;
        dueEarlier();
      }
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
    explain(now) {
      const waitOf = findWaits(
        [...nodes.values()].map(holder => contender(holder)),
        usage,
      );
      return (node, image) => {
        const holder = nodes.get(node);
        if (holder?.permits.has(image)) return HAS_ONE;
        const want = holder?.wants.get(image);
        if (want === undefined) return NOT_ASKED;
        if (now < quietUntilMs && want.limits.length > 0) return SETTLING;
        const wait = waitOf(node, image);
        return wait === undefined ? NEXT_REQUEST : `${wait.limit.sentence}; ${turnOf(wait.before)}`;
      };
    },
    limits() {
      const found = new Map<string, { limit: PullLimit; waiting: number }>();
      const note = (limit: PullLimit) => {
        let known = found.get(limit.key);
        if (known === undefined) found.set(limit.key, (known = { limit, waiting: 0 }));
        return known;
      };
      for (const { node, permits, wants } of nodes.values()) {
        for (const { limits } of permits.values()) limits.forEach(note);
        for (const { limits } of wants.values()) {
          const full = usage.full(node, limits);
          if (full !== undefined) note(full).waiting += 1;
        }
      }
      // These keep the limits of the pass in which they were given back.
      for (const { lingering } of nodes.values()) for (const { limits } of lingering) limits.forEach(note);
      return [...found.values()].map(({ limit, waiting }) => ({ limit, used: usage.used(limit), waiting }));
    },
    countFrom(registry) {
      const from = ({ permits }: NodeGrants) =>
        [...permits.keys()].filter(image => registryOf(image) === registry).length;
      return nodes.values().reduce((sum, holder) => sum + Math.min(share.mostLimited, from(holder)), 0);
    },
    counts() {
      const waiting = nodes.values().filter(holder => holder.waiting !== undefined);
      return {
        granted: nodes.values().reduce((sum, { permits }) => sum + permits.size, 0),
        waiting: waiting.reduce((sum, { wants }) => sum + wants.size, 0),
      };
    },
  };
}

function turnOf(before: number): string {
  if (before === 0) return 'this pull comes next';
  return before === 1 ? '1 pull that waits for it comes first' : `${before} pulls that wait for it come first`;
}

/** The permits that count: those that the node has, and those that linger. */
function counting({ permits, lingering }: NodeGrants): readonly Permit[] {
  return [...permits.values(), ...lingering];
}

/** What lingered and has ended is left to the pass that is due for it. */
function givesBack(before: NodeGrants, after: NodeGrants): boolean {
  return before.permits.entries().some(([image, { limits }]) => limits.length > 0 && !after.permits.has(image));
}

function waitsForLimit({ wants }: NodeGrants): boolean {
  return wants.values().some(({ limits }) => limits.length > 0);
}
