import { packCell, type BoardResource } from '@kube-prefetch/protocol/board';
import { expect, test } from 'vitest';
import { countBytes, countStates, countWaits, openModel } from './board-model.ts';
import { sentenceOf } from './cell-words.ts';
import { headlineOf } from './headline.ts';
import { orderResources } from './resource-order.ts';
import { bytesText, durationText, shareText, visibleText } from './words.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [12_345, '12 kB'],
  [999_600, '1.0 MB'],
  [4.2e10, '42 GB'],
])('%s bytes', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [400, '0 s'],
  [59_400, '59 s'],
  [90_000, '2 min'],
  [3_600_000, '1 h'],
  [7_500_000, '2 h 5 min'],
])('%s ms', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, 0, '–'],
  [0, 9, '0.0 %'],
  [1, 9_999, '0.1 %'],
  [9_998, 9_999, '99.9 %'],
  [9, 9, '100 %'],
])('%s of %s', (part, whole, text) => {
  expect(shareText(part, whole)).toBe(text);
});

test('what turns the direction of text is seen as a character', () => {
  expect(visibleText('a\u202egpj.b\u0000\u200f')).toBe('a\ufffdgpj.b\ufffd\ufffd');
});

test('what images wait for is counted over the states that they wait in', () => {
  const [permit, disk] = [
    packCell({ state: 'Waiting', waitingFor: 'Permit' }),
    packCell({ state: 'Missing', waitingFor: 'Disk' }),
  ];
  const stale = packCell({ state: 'Stale', waitingFor: 'Permit' });
  const cells = Uint8Array.from([disk, permit, stale, packCell({ state: 'Present' }), 0]);
  expect(countWaits(countBytes({ cells }))).toEqual([
    { reason: 'Permit', count: 2 },
    { reason: 'Disk', count: 1 },
  ]);
});

test.each([
  [packCell({ state: 'Present' }), 'there'],
  [packCell({ state: 'Waiting', waitingFor: 'Slot' }), 'waits for other pulls of the node to end'],
  [
    packCell({ state: 'Stale', waitingFor: 'Permit' }),
    'there, with other contents than its tag stands for now, waits for a permit of the coordinator',
  ],
  [packCell({ state: 'Pulling', phase: 'Unpacking', grave: true }), 'unpacks, after a pull that failed'],
  [packCell({ state: 'Unknown', unknown: 'Silent' }), 'the node fell silent'],
  [0, 'not wanted here'],
])('the byte %s says: %s', (byte, sentence) => {
  expect(sentenceOf(byte)).toBe(sentence);
});

const aResource = (warm: string, failures: readonly object[] = [], name = 'a') =>
  ({
    resource: { kind: 'ClusterPrefetch', name },
    status: { conditions: [{ type: 'Warm', status: warm }], failures },
  }) as unknown as BoardResource;
const [there, missing] = [packCell({ state: 'Present' }), packCell({ state: 'Missing' })];

test.each<[string, readonly BoardResource[], readonly number[], string, string]>([
  ['no resource', [], [0, 0], 'Nothing is asked for yet', ''],
  [
    'all there',
    [aResource('True')],
    [there, there],
    'Everything is warm',
    '2 of 2 images on nodes are there; one resource',
  ],
  [
    'one missing',
    [aResource('False')],
    [there, missing],
    '50.0 % warm',
    '1 of 2 images on nodes are there, 1 to go, about 5.0 kB',
  ],
  [
    'one failing',
    [aResource('False', [{ image: 'i', reason: 'NotFound', nodes: 1 }])],
    [there, missing],
    'One image fails',
    '',
  ],
])('the headline with %s', (_what, resources, cells, title, detail) => {
  const rest = {
    cursor: '',
    script: '',
    epoch: 1,
    leftOut: 0,
    gaps: [],
    pulls: { total: 0, longest: [] },
    holds: { total: 0, first: [] },
    happenings: [],
    samples: [],
  };
  const nodes = ['n1', 'n2'].map(name => ({ name, agent: 'Reporting' as const }));
  const model = openModel({
    ...rest,
    nodes,
    images: [{ name: 'i', sizeBytes: 5_000 }],
    resources,
    cells: btoa(String.fromCharCode(...cells)),
  });
  const said = headlineOf(model, countStates(countBytes(model)));
  expect(said.title).toBe(title);
  expect(said.detail).toContain(detail);
});

test('resources that fail come first, then those that are not warm, and a search finds parts of names', () => {
  const all = [
    aResource('True', [], 'warm'),
    aResource('False', [], 'app-10'),
    aResource('Unknown', [], 'app-9'),
    aResource('False', [{ image: 'i', reason: 'NotFound', nodes: 1 }], 'failing'),
  ];
  const resources = new Map(all.map(told => [told.resource.name, told]));
  const names = (text: string) =>
    orderResources({ resources }, text).map(({ resource, is }) => `${resource.name} ${is}`);
  expect(names('')).toEqual(['failing Failing', 'app-9 Warming', 'app-10 Warming', 'warm Warm']);
  expect(names(' PREFETCH App-1')).toEqual(['app-10 Warming']);
});
