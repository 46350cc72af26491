import { packCell } from '@kube-prefetch/protocol/board';
import { CELL_STATES, type CellState } from '@kube-prefetch/protocol/cell';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeLevel, sharing, updateLevel } from './heat-levels.ts';
import { isAsked, openAsks } from './asked-cells.ts';
import { countShown, type HeatChoice, labelsOf, orderHeat } from './heat-order.ts';
import { cellAt, fitAll, type HeatSize, pan, reveal, zoomAt } from './heat-view.ts';

const everything: HeatChoice = { groupBy: 'nothing', imageText: '', nodeText: '', states: new Set() };

function aModel(nodes: number, images: number, byteAt: (cell: number) => number) {
  return {
    nodes: Array.from({ length: nodes }, (_, n) => ({
      name: `n${n}`,
      zone: n % 3 === 0 ? 'a' : 'b',
      agent: 'Reporting' as const,
    })),
    images: Array.from({ length: images }, (_, i) => ({ name: `i:${i}` })),
    cells: Uint8Array.from({ length: nodes * images }, (_, cell) => byteAt(cell)),
  };
}

const aByte = fc.oneof(
  fc.constant(0),
  fc.constantFrom(...CELL_STATES).map(state => packCell({ state })),
);

test('a picture that was told of each change is the picture of what there is', () => {
  const changes = fc.array(fc.tuple(fc.nat(), aByte), { maxLength: 60 });
  const share = fc.constantFrom(1, 2, 4);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ min: 1, max: 9 }),
      share,
      share,
      changes,
      fc.option(fc.array(fc.nat({ max: 8 })), { nil: undefined }),
      (n, i, across, down, list, some) => {
        const model = aModel(n, i, cell => packCell({ state: CELL_STATES[cell % CELL_STATES.length] as CellState }));
        const groups = [{ nodes: [0, 2, 4].filter(node => node < n), images: some?.filter(image => image < i) ?? [] }];
        const asked = some && openAsks({ groups }, n, i);
        const order = orderHeat(model, { ...everything, groupBy: 'zone', asked });
        const level = makeLevel(model, order, across, down);
        for (const [at, byte] of list) {
          model.cells[at % model.cells.length] = byte;
          updateLevel(level, model, order, at % model.cells.length);
        }
        expect(level).toEqual(makeLevel(model, order, across, down));
      },
    ),
  );
});

test('of what a resource asks for, its cells are shown and counted, and others beside them are not', () => {
  const [present, failed] = [packCell({ state: 'Present' }), packCell({ state: 'Failed' })];
  // n0 asks for i:0, n1 for i:1; the other two cells at their crossings are another resource's.
  const model = aModel(3, 3, cell => (cell === 4 || cell === 1 ? failed : present));
  const groups = [
    { nodes: [0], images: [0] },
    { nodes: [1], images: [1] },
  ];
  const asked = openAsks({ groups }, 3, 3);
  const order = orderHeat(model, { ...everything, asked });
  expect([[...order.columns], [...order.rows]]).toEqual([
    [0, 1],
    [0, 1],
  ]);
  const counted = countShown(model, order);
  expect([counted[present], counted[failed], counted[0]]).toEqual([1, 1, 2]);
  const failing = orderHeat(model, { ...everything, asked, states: new Set(['Failed']) });
  expect([[...failing.columns], [...failing.rows]]).toEqual([[1], [1]]);
  expect([isAsked(asked, 2, 0), isAsked(asked, 99, 0), isAsked(asked, 0, 99)]).toEqual([false, false, false]);
});

test('one that failed is seen among thousands that share its pixel', () => {
  const model = aModel(64, 64, cell => packCell({ state: cell === 1_234 ? 'Failed' : 'Present' }));
  const { weights } = makeLevel(model, orderHeat(model, everything), 64, 64);
  expect([...weights]).toEqual([CELL_STATES.length]);
});

test.each([
  [30, 1],
  [1, 1],
  [0.99, 2],
  [0.5, 2],
  [0.24, 8],
  [0.1, 16],
])('cells of %s pixels share a pixel with %s', (size, cells) => {
  expect(sharing(size)).toBe(cells);
});

test.each<[string, Partial<HeatChoice>, string, string]>([
  ['everything, by number', {}, 'n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11', 'i:0 i:1 i:2'],
  ['by zone', { groupBy: 'zone' }, 'n0 n3 n6 n9 n1 n2 n4 n5 n7 n8 n10 n11', 'i:0 i:1 i:2'],
  ['some nodes', { nodeText: ' N1' }, 'n1 n10 n11', 'i:0 i:1 i:2'],
  ['some images', { imageText: ':2' }, 'n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11', 'i:2'],
  ['what fails', { states: new Set<CellState>(['Failed']) }, 'n3', 'i:1'],
  ['nothing', { imageText: 'x' }, 'n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11', ''],
])('%s is shown in order', (_what, choice, nodes, images) => {
  const model = aModel(12, 3, cell => packCell({ state: cell === 10 ? 'Failed' : 'Present' }));
  const { columns, rows, groups } = orderHeat(model, { ...everything, ...choice });
  expect(Array.from(columns, slot => model.nodes[slot]?.name).join(' ')).toBe(nodes);
  expect(Array.from(rows, slot => model.images[slot]?.name).join(' ')).toBe(images);
  expect(groups).toEqual(
    choice.groupBy === 'zone'
      ? [
          { name: 'a', from: 0, to: 4 },
          { name: 'b', from: 4, to: 12 },
        ]
      : [],
  );
});

test.each([
  [
    ['ip-10-0-1.c.internal', 'ip-10-0-22.c.internal'],
    ['1', '22'],
  ],
  [
    ['a', 'a-b'],
    ['a', 'a-b'],
  ],
  [['only'], ['only']],
  [
    ['node-1', 'node-12'],
    ['1', '12'],
  ],
])('%j are labelled by what they do not share', (names, labels) => {
  expect(labelsOf(names, { endings: true })).toEqual(labels);
});

const aSize = fc.record({
  columns: fc.integer({ min: 1, max: 5_000 }),
  rows: fc.integer({ min: 1, max: 2_000 }),
  width: fc.integer({ min: 50, max: 3_000 }),
  height: fc.integer({ min: 50, max: 900 }),
});

test('whatever is panned and zoomed, what is shown stays within the table, and a cell that is revealed is seen', () => {
  const aMove = fc.oneof(
    fc.tuple(fc.constant('zoom' as const), fc.double({ min: 0.2, max: 5, noNaN: true }), fc.nat(900)),
    fc.tuple(fc.constant('pan' as const), fc.integer({ min: -3_000, max: 3_000 }), fc.integer({ min: -900, max: 900 })),
  );
  fc.assert(
    fc.property(aSize, fc.array(aMove, { maxLength: 12 }), fc.nat(), fc.nat(), (size: HeatSize, moves, a, b) => {
      let view = fitAll(size);
      for (const [what, by, at] of moves) {
        view = what === 'pan' ? pan(view, size, by, at) : zoomAt(view, size, by, { x: at, y: at / 2 });
        expect(view.x).toBeGreaterThanOrEqual(0);
        expect(view.y).toBeGreaterThanOrEqual(0);
        expect(view.x * view.cellWidth).toBeLessThanOrEqual(
          Math.max(0, size.columns * view.cellWidth - size.width) + 1e-6,
        );
      }
      const [column, row] = [a % size.columns, b % size.rows];
      const seen = reveal(view, size, column, row);
      const middle = [(column + 0.5 - seen.x) * seen.cellWidth, (row + 0.5 - seen.y) * seen.cellHeight] as const;
      expect(cellAt(seen, size, ...middle)).toEqual({ column, row });
    }),
  );
});
