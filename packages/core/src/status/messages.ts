import { MAX_IMAGES_PER_NODE, type ResourceRef, type StatusFailure, TECHSQUAD_KIND } from '@kube-prefetch/protocol';
import type { UnplannedImages } from '../asks/collect-asks.ts';
import type { BeyondLimit } from '../asks/tenant-limits.ts';
import type { CellCounts } from './count-cells.ts';
import type { Named } from './fleet-view.ts';

// What people read in `kubectl describe`, who need not know this program. Every list is cut, so no message grows with the cluster.

const MAX_LISTED = 5;
const MAX_SHOWN = 120;
const MAX_FAILURE_LENGTH = 250;

export const NOT_ACCEPTED = 'nothing is pulled, because the spec is not accepted';
/** Before the gaps, whose sentences say what counts meanwhile. */
export const SOURCES_INCOMPLETE = 'more images may be wanted than are known, because not everything can be read';
export const NOTHING_COUNTS = 'no node that should hold them is Ready and takes pods now';
export const SUSPENDED = 'spec.suspend keeps this resource from starting pulls';

/** Up to the first semicolon the counts, `470 of 480 present (2 images on 240 nodes), 8 waiting`. */
export function describeCounts(images: number, { present, cells, ...others }: CellCounts): string {
  const parts = [
    [others.pulling, 'being pulled'],
    [others.waiting, 'waiting'],
    [others.failed, 'failed'],
    [others.stale, 'stale (their tag stands for other contents now)'],
    [others.unknown, 'not reported yet'],
    [others.noAgent, 'on nodes without an agent that reports'],
    [others.held, 'not counted on nodes where no pod may start now'],
    [others.notReady, 'not counted on nodes that are not Ready'],
    [others.notApplicable, 'not counted on nodes that get no agent'],
  ] as const;
  const rest = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const aside = others.held + others.notReady;
  const counted =
    cells > 0 || aside === 0 ? `${present} of ${cells} present` : `${others.presentAside} of ${aside} present`;
  const of = `(${countNoun(images, 'image')} on ${countNoun(others.nodes, 'node')})`;
  return [`${counted} ${of}`, ...rest].join(', ');
}

/** `shop/web:1: NotFound on 4 nodes (n1, n2, n3, …): the registry has no such repository, tag or digest`. */
export function describeFailure({ image, reason, message, nodes, examples }: StatusFailure): string {
  const some = nodes > examples.length ? [...examples, '…'] : examples;
  const named = examples.length > 0 ? ` (${some.join(', ')})` : '';
  const meaning = message === '' ? '' : `: ${message}`;
  return `${image}: ${reason} on ${countNoun(nodes, 'node')}${named}${meaning}`.slice(0, MAX_FAILURE_LENGTH);
}

export function describeWorst([worst, ...others]: readonly StatusFailure[]): readonly string[] {
  if (worst === undefined) return [];
  const more = others.length > 0 ? [`and ${countNoun(others.length, 'more failure')} in status.failures`] : [];
  return [describeFailure(worst), ...more];
}

/** After the counts, which tell of nodes without an agent. */
export function describeAgentless(nodes: Named): string {
  return `these nodes: ${nameFew(nodes, 'node')}; to see why: kubectl prefetch doctor`;
}

export function describeFull(nodes: Named): string {
  return `more than ${MAX_IMAGES_PER_NODE} images are asked for on ${nameFew(nodes, 'node')}; the last by priority and name are left out there: ask for fewer, or raise the priority of those that matter`;
}

export function describeMissing(images: Named): readonly string[] {
  return images.count === 0 ? [] : [`not everywhere yet: ${nameFew(images, 'image')}`];
}

export function describeNoImages({ kind }: ResourceRef): string {
  const look = kind === TECHSQUAD_KIND ? 'spec.filter_by_labels' : 'spec.workloads and spec.exclude';
  return `no image is named, and no workload with an image was found: look at ${look}`;
}

export function describeNoNodes(images: number, { notApplicable }: CellCounts): string {
  const node = notApplicable > 0 ? 'node that gets an agent' : 'node';
  return `${countNoun(images, 'image')} ${images === 1 ? 'is' : 'are'} wanted, but no ${node} matches`;
}

/** What says more, for each node. Of another operator's Prefetch it does not. */
export function whereToLook(resource: ResourceRef): readonly string[] {
  const { kind, namespace, name } = resource;
  if (kind === TECHSQUAD_KIND) return [];
  const asked = kind === 'Prefetch' ? `pf/${name} -n ${namespace}` : `cpf/${name}`;
  return [`to see why: kubectl prefetch explain ${asked}`];
}

export function describeAlwaysPulled(images: number): readonly string[] {
  if (images === 0) return [];
  return [`pods of ${countNoun(images, 'image')} pull with Always: they need the registry even where it is warm`];
}

export function describeNotes(notes: readonly string[]): readonly string[] {
  return notes.length === 0 ? [] : [listed(notes)];
}

export function describeUnplanned(unplanned: UnplannedImages | undefined): readonly string[] {
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
export function describeBeyond(beyond: readonly BeyondLimit[]): readonly string[] {
  return [...Map.groupBy(beyond, ({ limit }) => limit)].map(([limit, same]) => {
    const names = same.slice(0, MAX_LISTED).map(({ image }) => shorten(image));
    const more = same.length > MAX_LISTED ? [`and ${same.length - MAX_LISTED} more`] : [];
    return `${LIMITS[limit]}: ${[...names, ...more].join(', ')}`;
  });
}

const LIMITS: Readonly<Record<BeyondLimit['limit'], string>> = {
  images: 'the administrator lets no Prefetch ask for',
  imagesPerNamespace: 'beyond the number of images that the Prefetches of a namespace may ask for',
  bytesPerNode: 'beyond the bytes of a node that the images of a namespace may take',
};

/** The first five. */
export function listed(sentences: readonly string[]): string {
  const more = sentences.length > MAX_LISTED ? [`and ${sentences.length - MAX_LISTED} more`] : [];
  return [...sentences.slice(0, MAX_LISTED), ...more].join('; ');
}

/** `1 node`, `2 nodes`. */
export function countNoun(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `n1`, `n1 and n2`, `n1, n2, n3 and 4 more nodes`. */
function nameFew({ count, examples }: Named, noun: string): string {
  const left = count - examples.length;
  const names = [...examples.map(shorten), ...(left > 0 ? [countNoun(left, `more ${noun}`)] : [])];
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function shorten(image: string): string {
  return image.length > MAX_SHOWN ? `${image.slice(0, MAX_SHOWN)}…` : image;
}
