import {
  type Condition,
  type ImageRef,
  type PrefetchStatus,
  type ResourceRef,
  resourceName,
} from '@kube-prefetch/protocol';
import { type Ask, byText } from '../asks/ask.ts';
import { type CollectedAsks, gapsOf } from '../asks/collect-asks.ts';
import { memoise } from '../memoise.ts';
import type { Cohort } from '../plans/group-nodes.ts';
import { kindsKnown, kindsRead } from '../workloads/kind-names.ts';
import { problemsOf } from '../asks/spec-problems.ts';
import type { BeyondLimit } from '../asks/tenant-limits.ts';
import { describeRecentPods, type RecentPods } from '../pods/recent-pods.ts';
import type { ClusterState, Resource } from '../state/cluster-state.ts';
import type { FleetView, Named } from './fleet-view.ts';
import { type Judged, judgeAccepted, judgeReady, judgeStalled, judgeWarm } from './conditions.ts';
import { countCells, isCounted } from './count-cells.ts';
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
  const agentless = agentlessBy(fleet);
  return state.resources.map(resource => {
    const name = resourceName(resource.ref);
    const shares = sharesBy.get(name) ?? [];
    const failures = rankFailures(resource.ref, shares, troubles);
    const judged = judge(
      resource,
      state,
      {
        asks: asksBy.get(name) ?? [],
        unplanned: unplanned.get(name),
        beyond: [...(beyond.get(name) ?? []), ...beyondBytes(name, shares)],
        notes: notes.get(name) ?? [],
        failures,
        agentless: namedNodes(
          shares.filter(({ cohort }) => isCounted(cohort)),
          agentless,
        ),
      },
      shares,
    );
    const recent = describeRecentPods(resource, recentPods.get(name) ?? []);
    const worst = {
      failures,
      skew: findSkew(shares),
      ...(recent && { recentPods: [...recent] }),
    };
    return { resource: resource.ref, uid: resource.uid, status: statusOf(resource, judged, worst, at) };
  });
}

function judge(
  resource: Resource,
  state: ClusterState,
  found: Pick<Judged, 'unplanned' | 'beyond' | 'notes' | 'failures' | 'agentless'> & { readonly asks: readonly Ask[] },
  shares: readonly CohortShare[],
): Judged {
  const { asks, notes, ...rest } = found;
  const kinds = kindsKnown(state);
  const counts = countCells(shares);
  const problems = problemsOf(resource, kinds);
  const read = problems.length === 0 ? kindsRead(resource.spec, kinds) : [];
  return {
    ...rest,
    resource: resource.ref,
    problems,
    gaps: gapsOf(state, [resource]),
    notes: [...read.flatMap(kind => kind.notes), ...notes],
    suspended: problems.length === 0 && resource.spec.suspend,
    images: new Set(asks.map(({ image }) => image)).size,
    alwaysPulled: new Set(asks.filter(ask => ask.pullsAlways).map(({ image }) => image)).size,
    counts,
    full: namedNodes(
      shares.filter(({ cohort, leftOut }) => cohort.applicable && leftOut > 0),
      ({ cohort: { nodes } }) => ({ count: nodes.length, examples: nodes.slice(0, MAX_EXAMPLES) }),
    ),
    missing: counts.present < counts.cells ? missingImages(shares) : { count: 0, examples: [] },
  };
}

/** Resources share cohorts, and the nodes of one are looked through for it. */
function agentlessBy(fleet: FleetView): (share: CohortShare) => Named {
  const known = new Map<CohortShare['cohort'], Named>();
  return ({ cohort }) => {
    const found = known.get(cohort) ?? fleet.agentless(cohort);
    known.set(cohort, found);
    return found;
  };
}

const MAX_EXAMPLES = 3;

function namedNodes(shares: readonly CohortShare[], name: (share: CohortShare) => Named): Named {
  const named = shares.map(name);
  return {
    count: named.reduce((sum, { count }) => sum + count, 0),
    examples: named
      .flatMap(({ examples }) => examples)
      .sort(byText)
      .slice(0, MAX_EXAMPLES),
  };
}

/** Of nodes that count. */
function missingImages(shares: readonly CohortShare[]): Named {
  const missing = new Set<ImageRef>();
  for (const { cohort, tallies } of shares) {
    if (!isCounted(cohort)) continue;
    for (const [image, { counts }] of tallies) if (counts.Present < cohort.nodes.length) missing.add(image);
  }
  return { count: missing.size, examples: [...missing].sort(byText).slice(0, MAX_EXAMPLES) };
}

/** Images that are missing somewhere because their namespace may take no more bytes of a node. */
function beyondBytes(name: string, shares: readonly CohortShare[]): readonly BeyondLimit[] {
  const images = shares.flatMap(({ cohort, tallies }) =>
    asksBeyond(cohort)
      .filter(({ resource }) => resourceName(resource) === name)
      .filter(({ image }) => (tallies.get(image)?.counts.Present ?? 0) < cohort.nodes.length)
      .map(({ image }) => image),
  );
  return [...new Set(images)].map(image => ({ image, limit: 'bytesPerNode' }));
}

const asksBeyond = memoise(({ asks }: Cohort) => asks.filter(({ beyondBytes }) => beyondBytes === true));

function statusOf(
  { generation }: Resource,
  judged: Judged,
  lists: Pick<PrefetchStatus, 'failures' | 'skew' | 'recentPods'>,
  at: string,
): PrefetchStatus {
  const { notReady: _notReady, presentAside: _presentAside, ...counted } = judged.counts;
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
