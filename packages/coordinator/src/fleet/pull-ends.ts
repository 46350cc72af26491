import type { CellReport, ImageRef, NodeReport } from '@kube-prefetch/protocol';
import type { PullOutcome } from '../permits/index.ts';
import type { NodeRecord } from './node-record.ts';

/**
 * The pulls that ended between the node's last report and this one. Of an image that it reports for the first time only a first
 * failure counts: the second comes a while later, so the first cannot be old.
 */
export function pullEnds(
  { heard }: Pick<NodeRecord, 'heard'>,
  { cells }: Pick<NodeReport, 'cells'>,
): readonly { image: ImageRef; end: PullOutcome }[] {
  return cells.flatMap(cell => {
    const end = endOf(heard?.cells.get(cell.image), cell);
    return end === undefined ? [] : [{ image: cell.image, end }];
  });
}

function endOf(before: CellReport | undefined, { state, failure, attempts = 0 }: CellReport): PullOutcome | undefined {
  if (state === 'Present') return before?.state === 'Pulling' ? 'pulled' : undefined;
  if (failure === undefined) return undefined;
  const isNew = before === undefined ? attempts === 1 : attempts > (before.attempts ?? 0);
  return isNew ? failure.kind : undefined;
}
