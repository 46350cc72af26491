import { type Condition, type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { Ask } from '../asks/ask.ts';
import { type CollectedAsks, gapsOf } from '../asks/collect-asks.ts';
import { kindsKnown, kindsRead } from '../workloads/kind-names.ts';
import { problemsOf } from '../asks/spec-problems.ts';
import type { BeyondLimit } from '../asks/tenant-limits.ts';
import { describeRecentPods, type RecentPods } from '../pods/recent-pods.ts';
import type { ClusterState, Resource } from '../state/cluster-state.ts';
import type { FleetView } from './fleet-view.ts';
import { type Judged, judgeAccepted, judgeReady, judgeStalled, judgeWarm } from './conditions.ts';
import { countCells } from './count-cells.ts';
import { findSkew } from './find-skew.ts';
import { rankFailures } from './rank-failures.ts';
import { type ConditionType, conditionStatus, type Judgement } from './reasons.ts';
import { type CohortShare, cohortsByResource } from './resource-cohorts.ts';
import type { SecretTroubles } from './secret-failures.ts';

/**
 * The status of every resource of the state, in its order. The fleet must have been assigned the cohorts made from these
 * asks. `at`, RFC 3339, goes into every condition; whoever writes keeps the old time where a status did not change.
 * `troubles`: secrets that were needed and could not be used.
 */
export function summarise(
  state: ClusterState,
  { asks, unplanned, beyond, notes }: CollectedAsks,
  fleet: FleetView,
  at: string,
  troubles: SecretTroubles = new Map(),
  recentPods: RecentPods = new Map(),
): readonly { resource: ResourceRef; uid: Resource['uid']; status: PrefetchStatus }[] {
  const asksBy = Map.groupBy(asks, ({ resource }) => resourceName(resource));
  const sharesBy = cohortsByResource(fleet);
  return state.resources.map(resource => {
    const name = resourceName(resource.ref);
    const shares = sharesBy.get(name) ?? [];
    const judged = judge(
      resource,
      state,
      {
        asks: asksBy.get(name) ?? [],
        unplanned: unplanned.get(name),
        beyond: [...(beyond.get(name) ?? []), ...beyondBytes(name, shares)],
        notes: notes.get(name) ?? [],
      },
      shares,
    );
    const recent = describeRecentPods(resource, recentPods.get(name) ?? []);
    const worst = {
      failures: rankFailures(resource.ref, shares, troubles),
      skew: findSkew(shares),
      ...(recent && { recentPods: [...recent] }),
    };
    return { resource: resource.ref, uid: resource.uid, status: statusOf(resource, judged, worst, at) };
  });
}

function judge(
  resource: Resource,
  state: ClusterState,
  found: Pick<Judged, 'unplanned' | 'beyond' | 'notes'> & { readonly asks: readonly Ask[] },
  shares: readonly CohortShare[],
): Judged {
  const { asks, unplanned, beyond, notes } = found;
  const kinds = kindsKnown(state);
  const problems = problemsOf(resource, kinds);
  const read = problems.length === 0 ? kindsRead(resource.spec, kinds) : [];
  return {
    problems,
    gaps: gapsOf(state, [resource]),
    notes: [...read.flatMap(kind => kind.notes), ...notes],
    suspended: problems.length === 0 && resource.spec.suspend,
    images: new Set(asks.map(({ image }) => image)).size,
    unplanned,
    beyond,
    alwaysPulled: new Set(asks.filter(ask => ask.pullsAlways).map(({ image }) => image)).size,
    counts: countCells(shares),
  };
}

/** Images that are missing somewhere because their namespace may take no more bytes of a node. */
function beyondBytes(name: string, shares: readonly CohortShare[]): readonly BeyondLimit[] {
  const images = shares.flatMap(({ cohort, tallies }) =>
    cohort.asks
      .filter(({ resource, beyondBytes }) => beyondBytes === true && resourceName(resource) === name)
      .filter(({ image }) => (tallies.get(image)?.counts.Present ?? 0) < cohort.nodes.length)
      .map(({ image }) => image),
  );
  return [...new Set(images)].map(image => ({ image, limit: 'bytesPerNode' }));
}

function statusOf(
  { generation }: Resource,
  judged: Judged,
  lists: Pick<PrefetchStatus, 'failures' | 'skew' | 'recentPods'>,
  at: string,
): PrefetchStatus {
  const { notReady: _notReady, presentAside: _presentAside, fullNodes: _fullNodes, ...counted } = judged.counts;
  const condition = <T extends ConditionType>(type: T, { reason, message }: Judgement<T>): Condition => ({
    type,
    status: conditionStatus(type, reason),
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: at,
  });
  const stalled = judgeStalled(judged);
  return {
    observedGeneration: generation,
    conditions: [
      condition('Accepted', judgeAccepted(judged)),
      condition('Ready', judgeReady(judged)),
      condition('Warm', judgeWarm(judged)),
      ...(stalled === undefined ? [] : [condition('Stalled', stalled)]),
    ],
    warm: `${counted.present}/${counted.cells}`,
    summary: { images: judged.images, ...counted },
    ...lists,
  };
}
