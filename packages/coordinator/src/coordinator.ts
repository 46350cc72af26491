import type { Term } from '@kube-prefetch/cluster';
import { collectAsks, groupNodes, planCohorts, summarise } from '@kube-prefetch/core';
import { timestamp } from '@kube-prefetch/time';
import type { Coordinator } from './create-coordinator.ts';

const RETRY_READ_MS = 1_000;
/** The line looks this often even if nothing wakes it, so a missed event costs no more than that. */
const LONGEST_REST_MS = 30_000;

/** Decides for the length of one term; rejects with the term's reason when it ends. */
export async function lead(c: Coordinator, term: Term): Promise<void> {
  await c.open(term);
  while (!term.signal.aborted) {
    const now = c.clock.monotonicMs();
    const dueMs = pass(c, now);
    c.passed(now);
    await c.wake.next(dueMs, term.signal);
  }
}

/** Reads everything, decides everything; returns when to look again if nothing wakes the line before. */
function pass(c: Coordinator, now: number): number {
  const state = c.source.read();
  if (state === undefined) return now + RETRY_READ_MS;
  const asks = collectAsks(state);
  const cohorts = groupNodes(asks, state.nodes, c.startupTaints);
  const plans = planCohorts(cohorts, state.gaps);
  c.fleet.assign(cohorts, plans, state.gaps, now); // answers the polls whose plan changed
  c.fleet.markSilent(now);
  c.permits.setLimits(c.limits);
  c.permits.expire(now);
  c.statuses.offer(summarise(state, asks, c.fleet, timestamp(c.clock)), c.fleet.settling(now));
  return Math.min(c.fleet.nextDueMs(now), c.permits.nextDueMs(now), now + LONGEST_REST_MS);
}
