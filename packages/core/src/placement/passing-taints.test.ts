import { readFileSync } from 'node:fs';
import { aNode } from '@kube-prefetch/core/testing';
import { describe, expect, test } from 'vitest';
import { matchNode } from './match-node.ts';
import { PASSING_TAINTS } from './passing-taints.ts';

const docs = readFileSync(new URL('../../../../docs/taints.md', import.meta.url), 'utf8');
const documented = [...docs.matchAll(/^\| `(\S+)` \| (Wanted|Held) \|/gm)].map(([, taint = '', decides = '']) => {
  return { taint, decides };
});
const anyPod = { choice: undefined, pod: { tolerations: [], extendedResources: {} } };

test('docs/taints.md lists every taint that passes by itself, with what it decides', () => {
  const ours = PASSING_TAINTS.map(({ taint, held }) => ({ taint, decides: held === undefined ? 'Wanted' : 'Held' }));
  const byTaint = (a: { taint: string }, b: { taint: string }) => (a.taint < b.taint ? -1 : 1);
  expect(documented.toSorted(byTaint)).toEqual(ours.toSorted(byTaint));
});

describe.each(documented)('the taint $taint', ({ taint, decides }) => {
  test.each(['NoSchedule', 'NoExecute', 'PreferNoSchedule'])(`does not empty the plan with the effect %s`, effect => {
    const node = aNode({ taints: [{ key: taint.replaceAll('*', 'any'), value: 'true', effect }] });
    expect(matchNode(anyPod, node).verdict).toBe(decides === 'Held' ? 'Held' : 'Yes');
  });
});

test.each(['DiskPressure', 'MemoryPressure', 'PIDPressure'] as const)('the condition %s holds a node', pressure => {
  expect(matchNode(anyPod, aNode({ pressures: [pressure] })).verdict).toBe('Held');
});
