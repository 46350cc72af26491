import { hash } from 'node:crypto';
import type { Plan, PlanBody } from '@kube-prefetch/protocol';
import { memoise } from '../memoise.ts';
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
  digests: WantedDigests = NO_DIGESTS,
): CohortPlans {
  return planAll(cohorts, gaps.length === 0, digests);
}

const planAll = memoise(
  (cohorts: readonly Cohort[], sawAll: boolean, digests: WantedDigests): CohortPlans =>
    new Map(cohorts.map(cohort => [cohort.key, planOf(cohort, sawAll, digests)])),
);

const NO_DIGESTS: WantedDigests = new Map();

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

const planOf = memoise((cohort: Cohort, sawAll: boolean, digests: WantedDigests): Plan => {
  const { held, runtimeVersion, resourcesUnknown } = cohort;
  const body: PlanBody = {
    complete: sawAll && !resourcesUnknown,
    ...(held !== undefined && { held }),
    ...(runtimeVersion !== undefined && { runtimeVersion }),
    items: [...mergeAsks(cohort.asks, digests).items],
  };
  return { revision: hash('sha256', planBytes(body)), ...body };
});
