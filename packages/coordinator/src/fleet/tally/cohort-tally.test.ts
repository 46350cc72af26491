import type { CellTally } from '@kube-prefetch/core';
import { CELL_STATES, type CellReport, FAILURE_KINDS } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCell } from '../../../testing/index.ts';
import { createCohortTally } from './cohort-tally.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const IMAGES = ['a:1', 'b:1'];

const arbitraryCell: fc.Arbitrary<CellReport> = fc
  .record({
    image: fc.constantFrom(...IMAGES),
    state: fc.constantFrom(...CELL_STATES),
    since: fc.integer({ min: 0, max: 3 }).map(second => `2026-01-01T00:00:0${second}.000Z`),
    failure: fc.option(
      fc.record({ kind: fc.constantFrom(...FAILURE_KINDS.slice(0, 3)), message: fc.constantFrom('x', 'y') }),
      {
        nil: undefined,
      },
    ),
    digests: fc.option(fc.subarray(['r@sha256:1', 'r@sha256:2']), { nil: undefined }),
  })
  .map(({ digests, ...cell }) => (cell.state === 'Present' ? { ...cell, digests } : cell));

test('counts kept cell by cell are those of a recount, whatever came and went before', () => {
  const reached = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...NODES), arbitraryCell), { maxLength: 60, size: 'max' }),
      changes => {
        const kept = createCohortTally();
        const cells = new Map<string, Map<string, CellReport>>(NODES.map(node => [node, new Map()]));
        for (const [node, cell] of changes) {
          const own = cells.get(node) as Map<string, CellReport>;
          const before = own.get(cell.image);
          if (before !== undefined) kept.remove(node, before);
          reached.set(before ? 'replaced' : 'new', (reached.get(before ? 'replaced' : 'new') ?? 0) + 1);
          // The same cell again stands for an image that left the plan.
          if (before?.state === cell.state) {
            own.delete(cell.image);
            reached.set('removed', (reached.get('removed') ?? 0) + 1);
            continue;
          }
          own.set(cell.image, cell);
          kept.add(node, cell);
          kept.read(cell.image, NODES.length, 0);
        }
        const recount = createCohortTally();
        for (const [node, own] of cells) for (const cell of own.values()) recount.add(node, cell);
        for (const image of IMAGES) {
          expect(sorted(kept.read(image, NODES.length, 0))).toEqual(sorted(recount.read(image, NODES.length, 0)));
          const { counts } = kept.read(image, NODES.length, 0);
          expect(CELL_STATES.reduce((sum, state) => sum + counts[state], 0)).toBe(NODES.length);
        }
      },
    ),
    { numRuns: 300 },
  );
  console.info('cohort tally, changes by kind:', Object.fromEntries(reached));
});

function sorted({ digestSets, ...tally }: CellTally) {
  return { ...tally, digestSets: digestSets.map(set => JSON.stringify(set)).sort() };
}

test('who has not reported an image is Unknown for it', () => {
  const tally = createCohortTally();
  tally.add('n1', aCell());
  expect(tally.read('a:1', 3, 1)).toMatchObject({ counts: { Present: 1, Unknown: 2 }, noAgent: 1 });
  expect(tally.read('never-reported:1', 3, 0).counts.Unknown).toBe(3);
});

test('failures are grouped by kind, with the words that most nodes tell and the first three nodes by name', () => {
  const tally = createCohortTally();
  const failed = (second: number, kind: 'NotFound' | 'DiskFull', message: string) =>
    aCell({ state: 'Failed', since: `2026-01-01T00:00:0${second}.000Z`, failure: { kind, message } });
  for (const node of ['n9', 'n2', 'n7', 'n1']) tally.add(node, failed(5, 'NotFound', 'not there'));
  tally.add('n0', failed(2, 'NotFound', 'what one node says'));
  tally.add('n3', failed(7, 'DiskFull', 'full'));
  expect(tally.read('a:1', 10, 0).failures).toEqual([
    { failure: { kind: 'DiskFull', message: 'full' }, nodes: 1, examples: ['n3'], since: '2026-01-01T00:00:07.000Z' },
    {
      failure: { kind: 'NotFound', message: 'not there' },
      nodes: 5,
      examples: ['n0', 'n1', 'n2'],
      since: '2026-01-01T00:00:02.000Z',
    },
  ]);
});

test('since is when the failing began, while it is tried again too; older agents only say since when the cell is as it is', () => {
  const tally = createCohortTally();
  const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
  const failure = { kind: 'Stalled' as const, message: 'no bytes for 60 s' };
  const sinceOf = () => tally.read('a:1', 1, 0).failures.map(({ since }) => since);
  for (const [cell, since] of [
    [aCell({ state: 'Failed', since: at(7), failure, failingSince: at(2) }), at(2)],
    [aCell({ state: 'Pulling', since: at(8), failure, failingSince: at(2) }), at(2)],
    [aCell({ state: 'Failed', since: at(9), failure }), at(9)],
  ] as const) {
    tally.add('n1', cell);
    expect(sinceOf()).toEqual([since]);
    tally.remove('n1', cell);
  }
});

test('a pull that tries again keeps its failure in the list, a present image does not', () => {
  const tally = createCohortTally();
  const failure = { kind: 'Stalled' as const, message: 'no bytes for 60 s' };
  tally.add('n1', aCell({ state: 'Pulling', failure }));
  tally.add('n2', aCell({ state: 'Present', failure }));
  expect(tally.read('a:1', 2, 0)).toMatchObject({ failures: [{ failure, nodes: 1, examples: ['n1'] }] });
});
