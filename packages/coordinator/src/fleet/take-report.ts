import type { CellReport, ImageRef, NodeReport } from '@kube-prefetch/protocol';
import type { AgentPod } from '@kube-prefetch/cluster';
import { NodeCells } from './node-cells.ts';
import { cellOrderOf, imagesOf, type PlannedImages } from './planned-images.ts';
import { count, uncount } from './membership.ts';
import type { Heard, NodeRecord } from './node-record.ts';

/**
 * Applies a usable report. A full one replaces what the node reported before, a delta changes it. Drops the cells of images that
 * are not in the node's plan.
 */
export function takeReport(
  node: NodeRecord,
  report: NodeReport,
  pod: AgentPod | undefined,
  images: PlannedImages,
  now: number,
): void {
  const planned = imagesOf(node.home.plan);
  const cells = report.cells.filter(({ image }) => planned.has(image));
  const isWhole = cells.length === report.cells.length;
  const kept = cells.map(cell => explained(images.shareTexts(cell), report));
  const keptFor = isWhole ? undefined : node.home.plan.revision;
  const heard = { pod, atMs: now };
  if (report.full || node.heard === undefined) replaceCells(node, report, kept, images, { ...heard, keptFor });
  else changeCells(node, node.heard, report, kept, images, { ...heard, keptFor: keptFor ?? node.heard.keptFor });
}

/** What a report does not say itself. */
type How = Pick<Heard, 'pod' | 'atMs' | 'keptFor'>;

function replaceCells(
  node: NodeRecord,
  report: NodeReport,
  kept: readonly CellReport[],
  { sharedOf }: PlannedImages,
  how: How,
): void {
  uncount(node);
  const cells = new NodeCells(cellOrderOf(node.home.plan));
  for (const cell of kept) cells.set(cell, sharedOf(cell));
  node.heard = hear(report, cells, how);
  count(node);
}

function changeCells(
  node: NodeRecord,
  { cells: before }: Heard,
  report: NodeReport,
  kept: readonly CellReport[],
  { sharedOf }: PlannedImages,
  how: How,
): void {
  const cells = before.inOrder(cellOrderOf(node.home.plan), sharedOf);
  node.heard = hear(report, cells, how);
  for (const image of report.gone) drop(node, cells, image);
  for (const cell of kept) {
    drop(node, cells, cell.image);
    cells.set(cell, sharedOf(cell));
    node.home.tally.add(node.name, cell);
  }
}

function hear(report: NodeReport, cells: NodeCells, how: How): Heard {
  const { agent, sequence, planRevision, runtime } = report;
  return { agent, sequence, planRevision, runtime, cells, ...how };
}

function drop(node: NodeRecord, cells: NodeCells, image: ImageRef): void {
  const cell = cells.get(image);
  if (cell === undefined) return;
  cells.delete(image);
  node.home.tally.remove(node.name, cell);
}

/** A cell that is Unknown because the runtime does not answer carries the runtime's failure, for status and views. */
function explained(cell: CellReport, { runtime }: NodeReport): CellReport {
  if (cell.state !== 'Unknown' || cell.failure !== undefined || runtime.failure === undefined) return cell;
  return { ...cell, failure: runtime.failure };
}
