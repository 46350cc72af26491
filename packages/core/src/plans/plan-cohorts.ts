import { createHash } from 'node:crypto';
import type { Plan, PlanBody } from '@kube-prefetch/protocol';
import type { Cohort } from './group-nodes.ts';
import { mergeAsks, type WantedDigests } from './merge-asks.ts';

/** By cohort key. */
export type CohortPlans = ReadonlyMap<string, Plan>;

/**
 * What each cohort's nodes should hold; incomplete while there are gaps. Only a cohort's own asks and state enter its plan, and what
 * tags are known to stand for. What other nodes report changes nothing, and what they have matters only to `expectResources`.
 */
export function planCohorts(
  cohorts: readonly Cohort[],
  gaps: readonly string[],
  digests: WantedDigests = new Map(),
): CohortPlans {
  return new Map(cohorts.map(cohort => [cohort.key, planOf(bodyOf(cohort, gaps, digests))]));
}

/** The one serialisation of a plan's body: what the revision hashes and what agents receive. */
export function planBytes({ complete, held, runtimeVersion, items }: PlanBody): string {
  return JSON.stringify({
    complete,
    held,
    runtimeVersion,
    items: items.map(({ image, priority, start, credentials, refresh, digest }) => ({
      image,
      priority,
      start,
      credentials,
      refresh,
      digest,
    })),
  });
}

function bodyOf(cohort: Cohort, gaps: readonly string[], digests: WantedDigests): PlanBody {
  const { held, runtimeVersion, resourcesUnknown } = cohort;
  return {
    complete: gaps.length === 0 && !resourcesUnknown,
    ...(held !== undefined && { held }),
    ...(runtimeVersion !== undefined && { runtimeVersion }),
    items: [...mergeAsks(cohort.asks, digests).items],
  };
}

function planOf(body: PlanBody): PlanBody & { revision: string } {
  return { revision: createHash('sha256').update(planBytes(body)).digest('hex'), ...body };
}
