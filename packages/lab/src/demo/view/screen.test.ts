import type { CellReport, NodeView } from '@kube-prefetch/protocol';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { describeChanges } from './describe.ts';
import { createScreen } from './screen.ts';
import { renderTable } from './table.ts';

const ADDRESS = '127.0.0.1:5000';
const since = '2026-01-01T00:00:00Z';

function aView(name: string, cells: Record<string, Partial<CellReport> | undefined>): NodeView {
  const images = Object.entries(cells).map(([short, cell]) => {
    const image = `${ADDRESS}/${short}`;
    return { image, because: [], cell: cell && ({ image, state: 'Unknown', since, ...cell } as CellReport) };
  });
  return { name, images } as unknown as NodeView;
}

const before = [aView('node-1', { web: { state: 'Missing' } }), aView('node-2', { web: { state: 'Missing' } })];
const after = [
  aView('node-1', { web: { state: 'Present', sizeBytes: 12_500_000, pull: { elapsedMs: 830 } }, api: undefined }),
  aView('node-2', { web: { state: 'Missing' }, api: { state: 'Failed', failure: { kind: 'NotFound', message: '' } } }),
];

test('the table has a row per image and a column per node', () => {
  expect(renderTable(after, ADDRESS)).toEqual([
    'image  node-1                  node-2',
    'api    -                       failed: NotFound',
    'web    warm 12.5 MB in 0.83 s  missing',
  ]);
});

test.each<[Partial<CellReport>, string]>([
  [{ state: 'Present' }, 'warm'],
  [{ state: 'Pulling' }, 'pulling'],
  [{ state: 'Pulling', pull: { elapsedMs: 1, doneBytes: 1e6, totalBytes: 2e6 } }, 'pulling 1.0 MB of 2.0 MB'],
  [{ state: 'Waiting', waitingFor: 'Slot' }, 'waiting for Slot'],
])('%j reads "%s"', (cell, text) => {
  expect(renderTable([aView('n', { web: cell })], ADDRESS)[1]).toBe(`web    ${text}`);
});

test('a change is a cell that is new or in another state', () => {
  expect(describeChanges(before, after, ADDRESS)).toEqual([
    '  node-1  web  warm 12.5 MB in 0.83 s',
    '  node-2  api  failed: NotFound',
  ]);
  expect(describeChanges(after, after, ADDRESS)).toEqual([]);
});

test('a pipe gets plain lines, each change once', () => {
  const lines: string[] = [];
  const screen = createScreen({ write: text => lines.push(text) });
  screen.show(before, ADDRESS);
  screen.show(before, ADDRESS);
  screen.say('Step 1');
  expect(lines).toEqual(['  node-1  web  missing\n', '  node-2  web  missing\n', 'Step 1\n']);
});

test('a terminal gets one table that is erased before every line and drawn again below', () => {
  const written: string[] = [];
  const screen = createScreen({
    isTTY: true,
    columns: 80,
    write: text => written.push(stripVTControlCharacters(text)),
  });
  const raw: string[] = [];
  const erasing = createScreen({ isTTY: true, columns: 80, write: text => raw.push(text) });
  for (const each of [screen, erasing]) {
    each.show([aView('n', { web: { state: 'Missing' } })], ADDRESS);
    each.say('Step 1');
  }
  expect(written).toEqual(['\nimage  n\nweb    missing\n', 'Step 1\n\nimage  n\nweb    missing\n']);
  expect(raw[1]?.startsWith('\x1b[3A\x1b[JStep 1\n')).toBe(true);
});

test('a frozen table stays where it is', () => {
  const written: string[] = [];
  const screen = createScreen({ isTTY: true, columns: 80, write: text => written.push(text) });
  screen.show([aView('n', { web: { state: 'Missing' } })], ADDRESS);
  screen.freeze();
  screen.show([aView('n', { web: { state: 'Present' } })], ADDRESS);
  screen.say('Summary');
  expect(written.slice(1)).toEqual(['Summary\n']);
});

test('on a narrow terminal no line wraps, or the table could not be erased', () => {
  const written: string[] = [];
  const screen = createScreen({ isTTY: true, columns: 10, write: text => written.push(text) });
  screen.show([aView('n', { web: { state: 'Missing' } })], ADDRESS);
  expect(written).toEqual(['\nimage  n\nweb    mi\n']);
});
