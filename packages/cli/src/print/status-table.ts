import type { ResourcesView } from '@kube-prefetch/protocol';
import { longName, shortName } from './resource-name.ts';
import { REMEDIES } from './failures.ts';
import { bar, bytesText, countNoun, durationText, percent, someOf } from './quantities.ts';
import { type TableCell, renderTable } from './table.ts';
import type { Paint } from './terminal.ts';

export type ResourceEntry = ResourcesView['resources'][number];

export interface TableLook {
  readonly paint: Paint;
  /** With bars: a person looks at it. */
  readonly bars: boolean;
  readonly namespaces: boolean;
  readonly wide: boolean;
  readonly headers: boolean;
}

export function statusTable(entries: readonly ResourceEntry[], look: TableLook): string {
  const { namespaces, wide, headers } = look;
  const header = [
    ...(namespaces ? ['NAMESPACE'] : []),
    'NAME',
    'IMAGES',
    'NODES',
    'WARM',
    'MISSING',
    'RATE',
    'LEFT',
    ...(wide ? ['PULLING', 'WAITING', 'FAILED', 'UNKNOWN', 'STALE', 'HELD', 'NO-AGENT'] : []),
    'STATE',
  ];
  return renderTable(
    headers ? header : undefined,
    entries.map(entry => row(entry, look)),
  );
}

function row({ resource, status, progress }: ResourceEntry, { paint, bars, namespaces, wide }: TableLook) {
  const { images, nodes, cells, present, pulling, waiting, failed, unknown, stale, held, noAgent } = status.summary;
  const counts = `${present}/${cells}`;
  const share = `${bar(present, cells)} ${String(percent(present, cells)).padStart(3)}% ${counts}`;
  return [
    ...(namespaces ? [resource.namespace ?? '-'] : []),
    shortName(resource),
    `${images}`,
    `${nodes}`,
    bars ? share : counts,
    missingText(progress),
    progress === undefined || progress.bytesPerSecond === 0 ? '-' : `${bytesText(progress.bytesPerSecond)}/s`,
    leftText(progress),
    ...(wide ? [pulling, waiting, failed, unknown, stale, held, noAgent].map(String) : []),
    stateCell(status, paint),
  ];
}

/** `1.2 GB`, `>1.2 GB` where the size of some images is not known yet, `?` where that of none is. */
function missingText(progress: ResourceEntry['progress']): string {
  if (progress === undefined || progress.missingBytes + progress.unsized === 0) return '-';
  if (progress.missingBytes === 0) return '?';
  const left = Math.max(0, progress.missingBytes - progress.doneBytes);
  return `${progress.unsized > 0 ? '>' : ''}${bytesText(left)}`;
}

function leftText(progress: ResourceEntry['progress']): string {
  if (progress === undefined || progress.bytesPerSecond === 0 || progress.missingBytes === 0) return '-';
  const left = Math.max(0, progress.missingBytes - progress.doneBytes);
  return `${progress.unsized > 0 ? '>' : ''}${durationText((left * 1_000) / progress.bytesPerSecond)}`;
}

function stateCell(status: ResourceEntry['status'], paint: Paint): TableCell {
  const condition = status.conditions.find(({ type }) => type === 'Warm');
  const text = condition?.status === 'True' ? 'Warm' : (condition?.reason ?? 'Unknown');
  if (condition?.status === 'True') return { text, painted: paint('good', text) };
  return { text, painted: paint(text === 'Failing' || text === 'NotAccepted' ? 'bad' : 'busy', text) };
}

/** Why it is not warm: what failed with one example each, or what the condition says. Empty where all is warm. */
export function whyNotWarm(entries: readonly ResourceEntry[], paint: Paint): string {
  return entries.flatMap(entry => reasonsOf(entry, paint)).join('');
}

function reasonsOf({ resource, status }: ResourceEntry, paint: Paint): readonly string[] {
  const warm = status.conditions.find(({ type }) => type === 'Warm');
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const accepted = status.conditions.find(({ type }) => type === 'Accepted');
  const name = longName(resource);
  if (accepted?.status === 'False') return [`${paint('bad', name)} is not accepted: ${accepted.message}\n`];
  const failures = status.failures.map(({ image, reason, message, nodes, examples, since }) => {
    const where = nodes === 1 ? someOf(examples) : `${countNoun(nodes, 'node')} (${someOf(examples, 1)})`;
    return `${paint('bad', name)}: ${image} failed on ${where}: ${reason} since ${since}\n  ${message}\n  What to do: ${REMEDIES[reason]}.\n`;
  });
  if (warm?.status === 'True') return failures;
  const state = failures.length > 0 ? [] : [`${paint('busy', name)}: ${warm?.message ?? 'no status yet'}\n`];
  const gaps = ready?.status === 'False' ? [`${paint('busy', name)}: ${ready.message}\n`] : [];
  return [...failures, ...state, ...gaps];
}

/** `All 3 resources are warm: all 480 images are where they are wanted.` Of an image each node counts. */
export function summaryLine(entries: readonly ResourceEntry[], paint: Paint): string {
  const warm = entries.filter(({ status }) => isWarm(status));
  const sum = (of: (entry: ResourceEntry) => number) => entries.reduce((total, entry) => total + of(entry), 0);
  const cells = sum(({ status }) => status.summary.cells);
  const present = sum(({ status }) => status.summary.present);
  if (warm.length === entries.length) {
    const which = entries.length === 1 ? 'It is warm' : `All ${entries.length} resources are warm`;
    return `${paint('good', `${which}: ${allThere(cells)}.`)}\n`;
  }
  const failed = sum(({ status }) => status.summary.failed);
  const failing = failed > 0 ? `, ${failed} failed` : '';
  return `${paint('bold', `${warm.length} of ${countNoun(entries.length, 'resource')} ${warm.length === 1 || entries.length === 1 ? 'is' : 'are'} warm: ${present} of ${countNoun(cells, 'image')} ${cells === 1 ? 'is where it is' : 'are where they are'} wanted${failing}.`)}\n`;
}

function allThere(cells: number): string {
  if (cells < 2) return cells === 1 ? 'its image is where it is wanted' : 'nothing is missing';
  return `all ${cells} images are where they are wanted`;
}

export function isWarm(status: ResourceEntry['status']): boolean {
  return status.conditions.some(condition => condition.type === 'Warm' && condition.status === 'True');
}
