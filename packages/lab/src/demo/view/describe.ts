import type { CellReport, NodeView } from '@kube-prefetch/protocol';

/** One cell in a few words, for a table. */
export function describeCell(cell: CellReport | undefined): string {
  if (cell === undefined) return '-';
  const { state, pull, failure, waitingFor, sizeBytes } = cell;
  switch (state) {
    case 'Present':
      return ['warm', sizeBytes === undefined ? '' : megabytes(sizeBytes), pull ? `in ${seconds(pull.elapsedMs)}` : '']
        .filter(Boolean)
        .join(' ');
    case 'Pulling':
      return pull?.totalBytes
        ? `pulling ${megabytes(pull.doneBytes ?? 0)} of ${megabytes(pull.totalBytes)}`
        : 'pulling';
    case 'Stale':
      return 'stale';
    case 'Failed':
      return `failed: ${failure?.kind ?? 'Unknown'}`;
    case 'Waiting':
      return `waiting for ${waitingFor ?? 'its turn'}`;
    case 'Missing':
      return 'missing';
    case 'Unknown':
      return 'unknown';
  }
}

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

const MEGABYTE = 1_000_000;

export function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

export function seconds(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
