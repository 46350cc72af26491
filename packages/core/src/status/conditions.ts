import type { ResourceRef, StatusFailure } from '@kube-prefetch/protocol';
import type { BeyondLimit } from '../asks/tenant-limits.ts';
import type { UnplannedImages } from '../asks/collect-asks.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { CellCounts } from './count-cells.ts';
import type { Named } from './fleet-view.ts';
import {
  countNoun,
  describeAgentless,
  describeAlwaysPulled,
  describeBeyond,
  describeCounts,
  describeFull,
  describeMissing,
  describeNoImages,
  describeNoNodes,
  describeNotes,
  describeUnplanned,
  describeWorst,
  listed,
  NOT_ACCEPTED,
  NOTHING_COUNTS,
  SOURCES_INCOMPLETE,
  SUSPENDED,
  whereToLook,
} from './messages.ts';
import type { Judgement } from './reasons.ts';

/** What the conditions of one resource are judged by. */
export interface Judged {
  readonly resource: ResourceRef;
  readonly problems: readonly string[];
  readonly gaps: ClusterState['gaps'];
  readonly suspended: boolean;
  readonly images: number;
  /** What of its workloads is not known, cannot be used, or is not understood, a sentence each. */
  readonly notes: readonly string[];
  /** Of the workloads' images those that are not asked for. */
  readonly unplanned: UnplannedImages | undefined;
  /** What it asks for and may not have. */
  readonly beyond: readonly BeyondLimit[];
  /** Of `images`, those whose pods pull with Always. */
  readonly alwaysPulled: number;
  readonly counts: CellCounts;
  readonly failures: readonly StatusFailure[];
  /** Of the nodes that count, those without an agent that reports. */
  readonly agentless: Named;
  /** Nodes whose plan had no room for some image. */
  readonly full: Named;
  /** Images that some node which counts does not have. */
  readonly missing: Named;
}

export function judgeAccepted({ problems }: Judged): Judgement<'Accepted'> {
  if (problems.length === 0) return { reason: 'Valid', message: 'the spec is valid' };
  return { reason: 'Invalid', message: listed(problems) };
}

/** Undefined where nothing keeps it from getting on. kstatus, and with it `helm --wait`, gives up where it is True. */
export function judgeStalled({ problems }: Judged): Judgement<'Stalled'> | undefined {
  return problems.length === 0 ? undefined : { reason: 'Invalid', message: listed(problems) };
}

/** `helm --wait` waits for it. The plan is published by the same pass that writes the status. */
export function judgeReady(judged: Judged): Judgement<'Ready'> {
  const { problems, gaps, images, notes, unplanned, beyond, counts, full } = judged;
  if (problems.length > 0) return { reason: 'NotAccepted', message: `${NOT_ACCEPTED}: ${listed(problems)}` };
  if (gaps.length > 0) return { reason: 'SourcesIncomplete', message: `${SOURCES_INCOMPLETE}: ${listed(gaps)}` };
  if (full.count > 0) return { reason: 'PlanFull', message: describeFull(full) };
  const planned =
    images > 0 && counts.nodes > 0
      ? `planned: ${countNoun(images, 'image')} on ${countNoun(counts.nodes, 'node')}`
      : ['nothing is planned', ...describeNothing(judged)].join(': ');
  return {
    reason: 'Planned',
    message: [planned, ...describeNotes(notes), ...describeUnplanned(unplanned), ...describeBeyond(beyond)].join('; '),
  };
}

/**
 * The first row that applies:
 *
 * | situation                                | status  | reason                              |
 * | ---------------------------------------- | ------- | ----------------------------------- |
 * | not accepted                             | False   | NotAccepted                         |
 * | a cell that counts is not Present        | False   | `whyNotWarm`                        |
 * | it asks for what it may not have         | False   | BeyondLimits                        |
 * | sources incomplete: more may be wanted   | Unknown | SourcesIncomplete                   |
 * | no image, or no node                     | False   | NoImages, NoNodes                   |
 * | no cell counts, and not all are Present  | Unknown | NothingCounts                       |
 * | otherwise                                | True    | AllPresent                          |
 */
export function judgeWarm(judged: Judged): Judgement<'Warm'> {
  const reason = warmReason(judged);
  return { reason, message: describeWarm(reason, judged) };
}

function warmReason({ problems, gaps, images, beyond, suspended, full, counts }: Judged): WarmReason {
  if (problems.length > 0) return 'NotAccepted';
  if (counts.present < counts.cells) return whyNotWarm({ beyond, suspended, full, counts });
  if (beyond.length > 0) return 'BeyondLimits';
  if (gaps.length > 0) return 'SourcesIncomplete';
  if (images === 0) return 'NoImages';
  if (counts.nodes === 0) return 'NoNodes';
  if (counts.cells === 0 && counts.presentAside < counts.held + counts.notReady) return 'NothingCounts';
  return 'AllPresent';
}

type WarmReason = Judgement<'Warm'>['reason'];

/** What a person should look at first. */
function whyNotWarm({
  suspended,
  beyond,
  full,
  counts,
}: Pick<Judged, 'suspended' | 'beyond' | 'full' | 'counts'>): WarmReason {
  if (counts.failed > 0) return 'Failing';
  if (counts.noAgent > 0) return 'NoAgent';
  if (full.count > 0) return 'PlanFull';
  if (beyond.length > 0) return 'BeyondLimits';
  if (counts.pulling + counts.waiting + counts.stale === 0) return 'AwaitingReports';
  return suspended ? 'Suspended' : 'Pulling';
}

/** How many of how many, what is special about it with an example, and where to look. */
function describeWarm(reason: WarmReason, judged: Judged): string {
  const { resource, problems, gaps, images, counts, beyond, alwaysPulled, notes, unplanned } = judged;
  if (reason === 'NotAccepted') return `${NOT_ACCEPTED}: ${listed(problems)}`;
  return [
    ...(images === 0 || counts.nodes === 0 ? describeNothing(judged) : [describeCounts(images, counts)]),
    ...(reason === 'SourcesIncomplete' ? [`${SOURCES_INCOMPLETE}: ${listed(gaps)}`] : []),
    ...describeReason(reason, judged),
    ...(reason === 'NoImages' ? [...describeNotes(notes), ...describeUnplanned(unplanned)] : []),
    ...describeBeyond(beyond),
    ...describeAlwaysPulled(alwaysPulled),
    ...(EXPLAINED.has(reason) ? whereToLook(resource) : []),
  ].join('; ');
}

/** Why there is nothing to pull, unless that is what the resource may not have. */
function describeNothing({ resource, images, counts, beyond }: Judged): readonly string[] {
  if (images > 0) return [describeNoNodes(images, counts)];
  return beyond.length > 0 ? [] : [describeNoImages(resource)];
}

/** What waits for nobody's decision, but for something that only each node knows. */
const EXPLAINED: ReadonlySet<WarmReason> = new Set([
  'Failing',
  'NoNodes',
  'NothingCounts',
  'AwaitingReports',
  'Pulling',
]);

function describeReason(reason: WarmReason, { failures, agentless, full, missing }: Judged): readonly string[] {
  switch (reason) {
    case 'Failing':
      return describeWorst(failures);
    case 'NoAgent':
      return [describeAgentless(agentless)];
    case 'PlanFull':
      return [describeFull(full)];
    case 'Pulling':
    case 'AwaitingReports':
      return describeMissing(missing);
    case 'Suspended':
      return [SUSPENDED, ...describeMissing(missing)];
    case 'NothingCounts':
      return [NOTHING_COUNTS];
    default:
      return [];
  }
}
