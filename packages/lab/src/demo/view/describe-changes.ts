import type { NodeView } from '@kube-prefetch/protocol';
import { describeCell } from './describe-cell.ts';

/** What became of cells between two looks, a line each; progress within one state is not a change. */
export function describeChanges(
  before: readonly NodeView[],
  after: readonly NodeView[],
  address: string,
): readonly string[] {
  const known = new Map(cellsOf(before).map(({ key, cell }) => [key, cell?.state]));
  return cellsOf(after)
    .filter(({ key, cell }) => cell !== undefined && known.get(key) !== cell.state)
    .map(({ node, image, cell }) => `  ${node}  ${image.replace(`${address}/`, '')}  ${describeCell(cell)}`);
}

function cellsOf(views: readonly NodeView[]) {
  return views.flatMap(view =>
    view.images.map(({ image, cell }) => ({ key: `${view.name} ${image}`, node: view.name, image, cell })),
  );
}
