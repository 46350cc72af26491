import type { CellReport, Plan } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeCells } from './node-cells.ts';
import { cellOrderOf, createPlannedImages } from './planned-images.ts';

const IMAGES = Array.from({ length: 40 }, (_, i) => `registry.example/web:${i}`);
const planOf = (from: number, to: number): Plan => ({
  revision: `${from}-${to}`,
  complete: true,
  items: IMAGES.slice(from, to).map(image => ({ image, priority: 0, start: true })),
});

const plans = fc.constantFrom(planOf(0, 8), planOf(4, 40));
const cells: fc.Arbitrary<CellReport> = fc.record(
  {
    image: fc.constantFrom(...IMAGES),
    state: fc.constantFrom('Present', 'Present', 'Present', 'Pulling', 'Failed'),
    since: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'),
    sizeBytes: fc.constantFrom(1, 2),
    digests: fc.constantFrom(['sha256:1'], ['sha256:2']),
    pull: fc.constant({ elapsedMs: 5 }),
  },
  { requiredKeys: ['image', 'state', 'since'] },
);
const steps = fc.oneof(
  { weight: 10, arbitrary: fc.record({ cell: cells }) },
  { weight: 3, arbitrary: fc.record({ gone: fc.constantFrom(...IMAGES) }) },
  { weight: 1, arbitrary: fc.record({ plan: plans }) },
);

test('the cells of nodes are what a Map of them would hold, whatever is set, dropped and planned', () => {
  const hits = { shared: 0, whole: 0, gone: 0, kept: 0, moved: 0 };
  const run = fc.property(fc.array(steps, { minLength: 60, maxLength: 120 }), plans, (changes, first) => {
    const images = createPlannedImages();
    images.keepOnly([planOf(0, 40)]);
    let ours = new NodeCells(cellOrderOf(first));
    const map = new Map<string, CellReport>();
    for (const change of changes) {
      if ('cell' in change) {
        const cell = images.shareTexts(change.cell);
        const shared = images.sharedOf(cell);
        hits[shared === undefined ? 'whole' : 'shared'] += 1;
        ours.set(cell, shared);
        map.set(cell.image, cell);
      } else if ('gone' in change) {
        hits.gone += 1;
        ours.delete(change.gone);
        map.delete(change.gone);
      } else {
        const next = ours.inOrder(cellOrderOf(change.plan), images.sharedOf);
        hits[next === ours ? 'kept' : 'moved'] += 1;
        ours = next;
      }
    }
    const byImage = (a: CellReport, b: CellReport) => (a.image < b.image ? -1 : 1);
    expect([...ours.values()].sort(byImage)).toEqual([...map.values()].sort(byImage));
    expect(IMAGES.map(image => ours.get(image))).toEqual(IMAGES.map(image => map.get(image)));
    expect(ours.size).toBe(map.size);
  });
  fc.assert(run, { numRuns: 300 });
  console.log('node cells, how often each thing happened:', hits);
  for (const count of Object.values(hits)) expect(count).toBeGreaterThan(10);
});
