import type { CellReport } from '@kube-prefetch/protocol';
import { megabytes, seconds } from './quantity.ts';

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
