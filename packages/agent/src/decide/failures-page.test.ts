import { readFileSync } from 'node:fs';
import { FAILURE_KINDS, type FailureKind, WAIT_REASONS } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { retryDelayMs } from './retry-delay.ts';

const page = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter(line => line.startsWith('| `'))
  .map(line => line.split('|').map(cell => cell.trim().replaceAll('`', '')));
const kinds = rows.filter(row => row.length === 6);
const reasons = rows.filter(row => row.length === 4);

test('docs/failures.md explains every failure kind and every wait reason, and no other', () => {
  expect(new Set(kinds.map(row => row[1]))).toEqual(new Set(FAILURE_KINDS));
  expect(kinds.length).toBe(FAILURE_KINDS.length);
  expect(reasons.map(row => row[1])).toEqual([...WAIT_REASONS]);
});

test.each(kinds.map(row => [row[1] as FailureKind, row[4]] as const))('%s is tried again after %s', (kind, delays) => {
  const range = (failures: number) => rangeOf(retryDelayMs(kind, failures, 0), retryDelayMs(kind, failures, 1));
  expect(`${range(1)} … ${range(1_000)}`).toBe(delays);
});

function rangeOf(fromMs: number, toMs: number): string {
  const [unitMs, unit] = toMs > 3_600_000 ? [3_600_000, 'h'] : toMs >= 60_000 ? [60_000, 'min'] : [1_000, 's'];
  return `${fromMs / unitMs}–${toMs / unitMs} ${unit}`;
}
