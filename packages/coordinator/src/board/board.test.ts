import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { applyDelta, openModel } from '@kube-prefetch/dashboard/model';
import type { CellReport } from '@kube-prefetch/protocol';
import { CELL_STATES, FAILURE_KINDS, PULL_PHASES, WAIT_REASONS } from '@kube-prefetch/protocol/cell';
import type { BoardDelta } from '@kube-prefetch/protocol/board';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aCell, anAgent, aReport, never, startVirtualLine, type VirtualLine } from '../../testing/index.ts';
import { createDeltaLog } from './delta-log.ts';

const IMAGES = Array.from({ length: 40 }, (_, n) => `i:${n}`);
const NODES = Array.from({ length: 60 }, (_, n) => `n${n}`);
/** In which the board looks at everything that it tells. */
const A_LOOK_MS = 2_100;

const cellOf = fc.record(
  {
    image: fc.constantFrom(...IMAGES),
    state: fc.constantFrom(...CELL_STATES),
    since: fc.constant('2026-01-01T00:00:00.000Z'),
    waitingFor: fc.constantFrom(...WAIT_REASONS),
    failure: fc.record({ kind: fc.constantFrom(...FAILURE_KINDS), message: fc.constant('no') }),
    sizeBytes: fc.nat(1_000),
    pull: fc.record({ elapsedMs: fc.nat(), phase: fc.constantFrom(...PULL_PHASES) }, { requiredKeys: ['elapsedMs'] }),
  },
  { requiredKeys: ['image', 'state', 'since'] },
);
const few = (names: readonly string[], most: number) => fc.subarray([...names], { minLength: 1, maxLength: most });
const anEvent = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('report'),
      nodes: few(NODES, 20),
      cells: fc.array(cellOf, { maxLength: 40 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('other nodes'), nodes: few(NODES, 60), labelled: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('ask'), images: few(IMAGES, 40) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('silence') }) },
);
type HappensTo = typeof anEvent extends fc.Arbitrary<infer E> ? E : never;

/** What is in the cluster, as the events so far left it. */
interface Shown {
  nodes: readonly string[];
  images: readonly string[];
  labelled: boolean;
}

test('what a page makes of a snapshot and the deltas after it is what the next snapshot says', {
  timeout: 120_000,
}, async () => {
  const hits = new Map<string, number>();
  const hit = (what: string) => hits.set(what, (hits.get(what) ?? 0) + 1);
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { minLength: 1, maxLength: 12 }), async events => {
      const line = startVirtualLine({ limits: { parallelPulls: 2 } });
      const shown: Shown = { nodes: NODES.slice(0, 3), images: IMAGES.slice(0, 3), labelled: false };
      await show(line, shown);
      let page = await openPage(line);
      let sequence = 0;
      for (const event of events) {
        hit(event.does);
        await happen(line, event, shown, () => ++sequence);
        await line.clock.advance(A_LOOK_MS);
        const other = await openPage(line);
        if (!page.catchUp(hit)) {
          hit('a new board');
          page = await openPage(line);
          page.catchUp(hit);
        }
        other.catchUp(() => {});
        expect(page.model).toEqual(other.model);
      }
      await line.endTerm();
      expect(page.catchUp(hit)).toBe(false);
    }),
    { numRuns: 120 },
  );
  console.log(hits);
  const parts = [
    'a new board',
    'cells',
    'happenings',
    'holds',
    'images',
    'nodes',
    'pulls',
    'renamed',
    'resources',
    'rows',
    'sample',
  ];
  expect(parts.filter(part => (hits.get(part) ?? 0) < 5)).toEqual([]);
});

async function openPage(line: VirtualLine) {
  const { board } = line.coordinator;
  const asked = board.snapshot(never());
  await line.clock.advance(A_LOOK_MS);
  const snapshot = await asked;
  const model = openModel({ ...(JSON.parse(JSON.stringify(snapshot)) as typeof snapshot), script: '' });
  let { cursor } = snapshot;
  return {
    model,
    /** False: it has to begin anew. */
    catchUp(hit: (part: string) => void): boolean {
      const missed = board.log()?.after(cursor);
      for (const { text, cursor: next } of missed ?? []) {
        const delta = JSON.parse(text) as BoardDelta;
        for (const part of Object.keys(delta)) hit(part);
        applyDelta(model, delta);
        cursor = next;
      }
      return missed !== undefined;
    },
  };
}

function show(line: VirtualLine, { nodes, images, labelled }: Shown): Promise<void> {
  const labels: Record<string, string> = labelled ? { 'topology.kubernetes.io/zone': 'a', agentpool: 'p' } : {};
  return line.show(
    aState({
      resources: [aResource({ spec: { images: [...images] } })],
      nodes: nodes.map(name => aNode({ name, labels })),
    }),
  );
}

async function happen(line: VirtualLine, event: HappensTo, shown: Shown, next: () => number): Promise<void> {
  switch (event.does) {
    case 'report':
      for (const node of 'cells' in event ? event.nodes : []) {
        if (!shown.nodes.includes(node)) continue;
        const agent = anAgent(node, 1);
        const cells = ('cells' in event ? event.cells : []) as CellReport[];
        await line.coordinator.forNode(node).report(aReport({ agent, sequence: next(), cells }), never());
      }
      return;
    case 'other nodes':
    case 'ask':
      Object.assign(shown, 'images' in event ? { images: event.images } : event);
      return show(line, shown);
    default:
      await line.clock.advance(61_000);
  }
}

test('a page that missed little catches up, one that missed much or comes from elsewhere begins anew', () => {
  const log = createDeltaLog('b');
  const start = log.cursor();
  for (let n = 0; n < 1_000; n++) log.append({ cells: [n, 0, 1] });
  expect(log.after(start)).toHaveLength(1_000);
  expect(log.after('b.998')?.map(({ cursor }) => cursor)).toEqual(['b.999', 'b.1000']);
  expect(log.after(log.cursor())).toEqual([]);
  log.append({ gaps: ['x'.repeat(1_000)] });
  expect([start, 'a.1000', 'b.1002', 'b.', '', 'b.1e3'].map(cursor => log.after(cursor))).toEqual(
    Array(6).fill(undefined),
  );
});

test('a cell that a page gets in a byte keeps what it says', async () => {
  const line = startVirtualLine();
  await show(line, { nodes: ['n1', 'n2'], images: ['a:1'], labelled: true });
  const cell = aCell({ state: 'Pulling', pull: { elapsedMs: 5, doneBytes: 3, totalBytes: 9, phase: 'Unpacking' } });
  await line.coordinator.forNode('n2').report(aReport({ cells: [cell] }), never());
  await line.clock.advance(A_LOOK_MS);
  const { model } = await openPage(line);
  const n2 = model.nodes.findIndex(node => node?.name === 'n2');
  expect(model.nodes[n2]).toEqual({ name: 'n2', zone: 'a', pool: 'p', agent: 'Reporting' });
  expect(model.pulls).toEqual({
    total: 1,
    longest: [{ node: n2, image: 0, elapsedMs: 5, doneBytes: 3, totalBytes: 9, phase: 'Unpacking' }],
  });
});

test('which cells a resource asks for is told by nodes on which it asks for the same', async () => {
  const line = startVirtualLine();
  const ref = { kind: 'ClusterPrefetch', name: 'base' } as const;
  const pooled = { selector: { matchLabels: { pool: 'web' } }, placement: 'Eligible' as const };
  await line.show(
    aState({
      nodes: [aNode({ name: 'n1', labels: { pool: 'web' } }), aNode({ name: 'n2' }), aNode({ name: 'n3' })],
      resources: [
        aResource({ spec: { images: ['a:1', 'b:1'], nodes: pooled } }),
        aResource({ ref, spec: { images: ['b:1', 'c:1'] } }),
      ],
    }),
  );
  const { board } = line.coordinator;
  expect(board.asksOf(ref)).toBeUndefined();
  const { model } = await openPage(line);
  const told = (...resource: Parameters<typeof board.asksOf>) =>
    board
      .asksOf(...resource)
      ?.groups.map(({ nodes, images }) => [
        nodes.map(slot => model.nodes[slot]?.name ?? '').sort(),
        images.map(slot => model.images[slot]?.name ?? '').sort(),
      ])
      .sort();
  expect(told({ kind: 'Prefetch', namespace: 'shop', name: 'web' })).toEqual([[['n1'], ['a:1', 'b:1']]]);
  expect(told(ref)).toEqual([
    [['n1'], ['b:1', 'c:1']],
    [
      ['n2', 'n3'],
      ['b:1', 'c:1'],
    ],
  ]);
  expect(told({ kind: 'Prefetch', name: 'base' })).toEqual([]);
});
