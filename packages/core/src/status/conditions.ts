import { MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import type { BeyondLimit } from '../asks/tenant-limits.ts';
import type { UnplannedImages } from '../asks/collect-asks.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { CellCounts } from './count-cells.ts';
import type { Judgement } from './reasons.ts';

/** What the conditions of one resource are judged by. */
export interface Judged {
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
export function judgeReady({ problems, gaps, images, notes, unplanned, beyond, counts }: Judged): Judgement<'Ready'> {
  if (problems.length > 0) return { reason: 'NotAccepted', message: `${NOT_ACCEPTED}: ${listed(problems)}` };
  if (gaps.length > 0) return { reason: 'SourcesIncomplete', message: listed(gaps) };
  if (counts.fullNodes > 0) return { reason: 'PlanFull', message: describeFull(counts) };
  const planned = `planned: ${countNoun(images, 'image')} on ${countNoun(counts.nodes, 'node')}`;
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
  const { problems, gaps, images, notes, unplanned, beyond, counts } = judged;
  if (problems.length > 0) return { reason: 'NotAccepted', message: `${NOT_ACCEPTED}: ${listed(problems)}` };
  if (counts.present < counts.cells) return { reason: whyNotWarm(judged), message: describeCells(judged) };
  if (beyond.length > 0) return { reason: 'BeyondLimits', message: describeCells(judged) };
  if (gaps.length > 0) return { reason: 'SourcesIncomplete', message: listed(gaps) };
  if (images === 0)
    return {
      reason: 'NoImages',
      message: [NO_IMAGES, ...describeNotes(notes), ...describeUnplanned(unplanned)].join('; '),
    };
  if (counts.nodes === 0) return { reason: 'NoNodes', message: describeNoNodes(judged) };
  if (counts.cells === 0 && counts.presentAside < aside(counts))
    return { reason: 'NothingCounts', message: describeCells(judged) };
  return { reason: 'AllPresent', message: describeCells(judged) };
}

function describeNoNodes({ images, counts }: Judged): string {
  const node = counts.notApplicable > 0 ? 'node that gets an agent' : 'node';
  return `${countNoun(images, 'image')} ${images === 1 ? 'is' : 'are'} wanted, but no ${node} matches`;
}

const NO_IMAGES = 'no image is named, and no workload with an image was found';

function describeNotes(notes: readonly string[]): readonly string[] {
  return notes.length === 0 ? [] : [listed(notes)];
}

function describeUnplanned(unplanned: UnplannedImages | undefined): readonly string[] {
  if (unplanned === undefined) return [];
  const { excludedByAnnotation, placeholder, neverPulled, tooLong } = unplanned;
  const parts = [
    ...(excludedByAnnotation > 0 ? [`${countNoun(excludedByAnnotation, 'image')} excluded by annotation`] : []),
    ...(placeholder > 0 ? [`${countNoun(placeholder, 'placeholder')} that a webhook or a trigger replaces`] : []),
    ...(neverPulled > 0 ? [`${countNoun(neverPulled, 'image')} whose imagePullPolicy is Never`] : []),
    ...(tooLong > 0 ? [`${countNoun(tooLong, 'image')} with a name longer than any reference`] : []),
  ];
  return parts.length > 0 ? [`not planned: ${parts.join(', ')}`] : [];
}

/** With their names: whoever asks for them has to know which. */
function describeBeyond(beyond: readonly BeyondLimit[]): readonly string[] {
  return [...Map.groupBy(beyond, ({ limit }) => limit)].map(([limit, same]) => {
    const names = same.slice(0, MAX_LISTED).map(({ image }) => image.slice(0, MAX_SHOWN));
    const more = same.length > MAX_LISTED ? [`and ${same.length - MAX_LISTED} more`] : [];
    return `${LIMITS[limit]}: ${[...names, ...more].join(', ')}`;
  });
}

const MAX_SHOWN = 120;
const LIMITS: Readonly<Record<BeyondLimit['limit'], string>> = {
  images: 'the administrator lets no Prefetch ask for',
  imagesPerNamespace: 'beyond the number of images that the Prefetches of a namespace may ask for',
  bytesPerNode: 'beyond the bytes of a node that the images of a namespace may take',
};

/** What a person should look at first. */
function whyNotWarm({ suspended, beyond, counts }: Judged): Judgement<'Warm'>['reason'] {
  if (counts.failed > 0) return 'Failing';
  if (counts.noAgent > 0) return 'NoAgent';
  if (counts.fullNodes > 0) return 'PlanFull';
  if (beyond.length > 0) return 'BeyondLimits';
  if (counts.pulling + counts.waiting + counts.stale === 0) return 'AwaitingReports';
  return suspended ? 'Suspended' : 'Pulling';
}

/** Cells on nodes that are held or not Ready. */
function aside({ held, notReady }: CellCounts): number {
  return held + notReady;
}

function describeFull({ fullNodes }: CellCounts): string {
  return `more than ${MAX_IMAGES_PER_NODE} images are asked for on ${countNoun(fullNodes, 'node')}; the last by priority and name are left out`;
}

function describeCells({ counts, alwaysPulled, beyond }: Judged): string {
  const { present, cells, ...others } = counts;
  const parts = [
    [others.pulling, 'pulling'],
    [others.waiting, 'waiting'],
    [others.failed, 'failed'],
    [others.stale, 'stale'],
    [others.unknown, 'unknown'],
    [others.noAgent, 'on nodes without an agent that reports'],
    [others.held, 'held and not counted'],
    [others.notReady, 'on nodes that are not Ready and not counted'],
    [others.notApplicable, 'on nodes that get no agent and not counted'],
  ] as const;
  const rest = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const always =
    alwaysPulled > 0
      ? [`pods of ${countNoun(alwaysPulled, 'image')} pull with Always: they need the registry even where it is warm`]
      : [];
  const counted =
    cells > 0 || aside(counts) === 0
      ? `${present} of ${cells} present`
      : `no cell counts; ${others.presentAside} of ${aside(counts)} present`;
  return [[counted, ...rest].join(', '), ...describeBeyond(beyond), ...always].join('; ');
}

const NOT_ACCEPTED = 'nothing is pulled, because the spec is not accepted';
const MAX_LISTED = 5;

function listed(sentences: readonly string[]): string {
  const more = sentences.length > MAX_LISTED ? [`and ${sentences.length - MAX_LISTED} more`] : [];
  return [...sentences.slice(0, MAX_LISTED), ...more].join('; ');
}

/** `1 node`, `2 nodes`. */
function countNoun(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
