import type { ClusterSource, Term } from '@kube-prefetch/cluster';
import {
  collectAsks,
  decideLimits,
  groupNodes,
  limitBytes,
  type PaceSettings,
  type Placement,
  planCohorts,
  summarise,
  type TenantLimits,
} from '@kube-prefetch/core';
import type { RewriteRule } from '@kube-prefetch/protocol';
import { type Clock, timestamp, type Trigger } from '@kube-prefetch/time';
import type { Board } from './board/board.ts';
import type { Credentials } from './credentials/credentials.ts';
import type { ExpectedNodes } from './fleet/expected-nodes.ts';
import type { Fleet } from './fleet/index.ts';
import type { RecentPodsMemory } from './fleet/recent-pods.ts';
import type { Gate } from './gate/gate.ts';
import type { Permits, SlowRegistries, Waves } from './permits/index.ts';
import type { Tags } from './refresh/tags.ts';
import type { StatusWriter } from './status/index.ts';
import { TermOver } from './current-term.ts';

const RETRY_READ_MS = 1_000;
/** The line looks this often even if nothing wakes it, so a missed event costs no more than that. */
const LONGEST_REST_MS = 30_000;

/** What the line works with. */
export interface Line {
  readonly source: ClusterSource;
  readonly clock: Clock;
  readonly wake: Trigger;
  readonly limits: PaceSettings;
  readonly tenants: TenantLimits;
  /** After the rules of each resource. */
  readonly rewrite: readonly RewriteRule[];
  readonly startupTaints: readonly string[] | undefined;
  /** Where agents run; everywhere if undefined. */
  readonly agents: Placement | undefined;
  readonly expectedNodes: ExpectedNodes;
  readonly recentPods: RecentPodsMemory;
  readonly fleet: Fleet;
  readonly permits: Permits;
  readonly registries: Pick<SlowRegistries, 'slowed' | 'nextDueMs'>;
  readonly waves: Pick<Waves, 'look' | 'nextDueMs'>;
  readonly tags: Pick<Tags, 'look' | 'nextDueMs'>;
  readonly credentials: Pick<Credentials, 'expire' | 'troubles'>;
  readonly statuses: StatusWriter;
  readonly board: Pick<Board, 'note'>;
  /** Undefined where no taint keeps pods off nodes that are not warm. */
  readonly gate: Gate | undefined;
  /** Begins a term: agents are served from an empty fleet. The signal aborts when the term is over. */
  open(term: Term): AbortSignal;
  leading(): boolean;
  /** Notes that a pass which began at `startedMs` is done. */
  passed(startedMs: number): void;
}

/** Decides until the term ends. Rejects with the reason of its signal; resolves if the clock says first that it is over. */
export async function lead(line: Line, term: Term): Promise<void> {
  const running = line.open(term);
  try {
    while (line.leading()) {
      const now = line.clock.monotonicMs();
      const dueMs = pass(line, now);
      line.passed(now);
      await line.wake.next(dueMs, running);
    }
  } catch (error) {
    if (!(error instanceof TermOver)) throw error;
  }
}

/** Reads everything, decides everything; returns when to look again if nothing wakes the line before. */
function pass(line: Line, now: number): number {
  const { source, fleet, permits, registries, waves, tags, credentials, statuses, gate, clock } = line;
  const state = source.read();
  if (state === undefined) return now + RETRY_READ_MS;
  const recentPods = line.recentPods.note(state);
  const collected = collectAsks(state, line.tenants, line.rewrite, recentPods);
  const reached = groupNodes(collected.asks, line.expectedNodes.note(state, now), line.startupTaints, line.agents);
  const cohorts = limitBytes(reached, line.tenants, fleet.sizeOf);
  const digests = tags.look(cohorts, state.nodes, now);
  const plans = planCohorts(cohorts, collected.gaps, digests);
  fleet.assign(cohorts, plans, collected.gaps, now); // answers the polls whose plan changed
  fleet.markSilent(now);
  const slowed = registries.slowed(now);
  const pace = {
    settings: line.limits,
    resources: state.resources,
    cohorts,
    slowed,
    ...waves.look(state.nodes, digests, now),
  };
  permits.setLimits(decideLimits(pace), line.limits.parallelPulls);
  permits.expire(now);
  credentials.expire(now);
  gate?.look(state, fleet, now);
  const summaries = summarise(state, collected, fleet, timestamp(clock), credentials.troubles(), recentPods);
  statuses.offer(summaries, fleet.settling(now));
  line.board.note(state, now);
  const dueMs = [
    fleet.nextDueMs(now),
    permits.nextDueMs(now),
    registries.nextDueMs(),
    waves.nextDueMs(),
    tags.nextDueMs(),
    gate?.nextDueMs() ?? Infinity,
  ];
  return Math.min(...dueMs, now + LONGEST_REST_MS);
}
