import type { CellReport, ImageRef, NodeReport } from '@kube-prefetch/protocol';
import type { PlannedImages } from './planned-images.ts';
import { count, uncount } from './membership.ts';
import type { Heard, NodeRecord } from './node-record.ts';

/** Applies a usable report. A full one replaces what the node reported before, a delta changes it. */
export function takeReport(node: NodeRecord, report: NodeReport, facts: PlannedImages, now: number): void {
  if (report.full || node.heard === undefined) replaceCells(node, report, facts, now);
  else changeCells(node, node.heard.cells, report, facts, now);
}

function replaceCells(node: NodeRecord, report: NodeReport, facts: PlannedImages, now: number): void {
  uncount(node);
  const cells = report.cells.map(cell => explained(facts.learn(cell), report));
  node.heard = hear(report, new Map(cells.map(cell => [cell.image, cell])), now);
  count(node);
}

function changeCells(
  node: NodeRecord,
  cells: Map<ImageRef, CellReport>,
  report: NodeReport,
  facts: PlannedImages,
  now: number,
): void {
  node.heard = hear(report, cells, now);
  for (const image of report.gone) drop(node, cells, image);
  for (const cell of report.cells) {
    drop(node, cells, cell.image);
    const taken = explained(facts.learn(cell), report);
    cells.set(taken.image, taken);
    node.home.tally.add(node.name, taken);
  }
}

function hear(report: NodeReport, cells: Map<ImageRef, CellReport>, now: number): Heard {
  const { agent, sequence, planRevision, runtime } = report;
  return { agent, sequence, planRevision, runtime, cells, atMs: now };
}

function drop(node: NodeRecord, cells: Map<ImageRef, CellReport>, image: ImageRef): void {
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
