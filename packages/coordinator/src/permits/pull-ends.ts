import type { CellReport, ImageRef, NodeReport } from '@kube-prefetch/protocol';
import type { PullOutcome } from './slow-registries.ts';

/**
 * The pulls that ended between the node's last report and this one. Of an image that it reports for the first time only a first
 * failure counts: the second comes a while later, so the first cannot be old.
 */
export function pullEnds(
  before: Pick<ReadonlyMap<ImageRef, CellReport>, 'get'> | undefined,
  cells: NodeReport['cells'],
): readonly { image: ImageRef; end: PullOutcome }[] {
  return cells.flatMap(cell => {
    const end = endOf(before?.get(cell.image), cell);
    return end === undefined ? [] : [{ image: cell.image, end }];
  });
}

function endOf(before: CellReport | undefined, { state, failure, attempts = 0 }: CellReport): PullOutcome | undefined {
  if (state === 'Present') return before?.state === 'Pulling' ? 'pulled' : undefined;
  if (failure === undefined) return undefined;
  const isNew = before === undefined ? attempts === 1 : attempts > (before.attempts ?? 0);
  return isNew ? failure.kind : undefined;
}
