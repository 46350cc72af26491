import type { NodeReport } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { anAgent, aReport } from '../../testing/index.ts';
import { judgeReport, type LastReport, type ReportOutcome } from './judge-report.ts';

const said = (id: string, second: number, sequence: number, lost = false, size = 3, outdated = false): LastReport => ({
  agent: anAgent(id, second),
  sequence,
  lost,
  outdated,
  replaced: false,
  cells: { size },
});
const says = (id: string, second: number, sequence: number, full: boolean): NodeReport =>
  aReport({ agent: anAgent(id, second), sequence, full });

test.each<[string, LastReport | undefined, NodeReport, ReportOutcome]>([
  ['nothing was said, full', undefined, says('a', 1, 1, true), 'Used'],
  ['nothing was said, delta', undefined, says('a', 1, 2, false), 'FullDemanded'],
  ['the same number again, full', said('a', 1, 5), says('a', 1, 5, true), 'Repeated'],
  ['the same number again, delta', said('a', 1, 5), says('a', 1, 5, false), 'Repeated'],
  ['a lower number', said('a', 1, 5), says('a', 1, 4, true), 'Repeated'],
  ['the next number, delta', said('a', 1, 5), says('a', 1, 6, false), 'Used'],
  ['the next number, full', said('a', 1, 5), says('a', 1, 6, true), 'Used'],
  ['a gap, delta', said('a', 1, 5), says('a', 1, 7, false), 'FullDemanded'],
  ['a gap, full', said('a', 1, 5), says('a', 1, 9, true), 'Used'],
  ['more cells than a node may have, delta', said('a', 1, 5, false, 2_001), says('a', 1, 6, false), 'FullDemanded'],
  ['more cells than a node may have, full', said('a', 1, 5, false, 2_001), says('a', 1, 6, true), 'Used'],
  ['cells that were not kept, delta', said('a', 1, 5, false, 3, true), says('a', 1, 6, false), 'FullDemanded'],
  ['cells that were not kept, full', said('a', 1, 5, false, 3, true), says('a', 1, 6, true), 'Used'],
  ['after silence the same process goes on', said('a', 1, 5, true), says('a', 1, 6, false), 'Used'],
  ['a newer process, full', said('a', 1, 5), says('b', 2, 1, true), 'Used'],
  ['a newer process, delta', said('a', 1, 5), says('b', 2, 2, false), 'FullDemanded'],
  ['a pod that is replaced, full', { ...said('b', 9, 1), replaced: true }, says('a', 1, 1, true), 'Used'],
  ['a pod that is replaced, delta', { ...said('b', 9, 1), replaced: true }, says('a', 1, 2, false), 'FullDemanded'],
  ['a pod that is replaced, of the same id', { ...said('a', 9, 5), replaced: true }, says('a', 9, 1, true), 'Used'],
  ['an older process, full', said('b', 2, 1), says('a', 1, 6, true), 'OlderAgent'],
  ['an older process, delta', said('b', 2, 1), says('a', 1, 6, false), 'OlderAgent'],
  ['an older process after the newer fell silent', said('b', 2, 1, true), says('a', 1, 6, true), 'Used'],
  ['started in the same instant, lower id', said('b', 1, 1), says('a', 1, 1, true), 'OlderAgent'],
  ['started in the same instant, higher id', said('a', 1, 1), says('b', 1, 1, true), 'Used'],
])('%s', (_case, last, report, outcome) => {
  expect(judgeReport(last, report)).toBe(outcome);
});
