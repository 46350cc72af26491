import type { Plan } from '@kube-prefetch/protocol';
import type { Presence } from '@kube-prefetch/runtime';
import { expect, test } from 'vitest';
import { BLANK, type History } from './image-history.ts';
import { judgeCells, unknownCells } from './judge-cells.ts';

const image = 'r.example/a:1';
const planOf = (digest?: string): Plan => ({
  revision: 'r',
  complete: true,
  items: [{ image, priority: 0, start: true, ...(digest && { digest }) }],
});
const plan = planOf();
const present: Presence = { present: true, id: 'sha256:1', sizeBytes: 7, digests: ['r.example/a@sha256:2'] };
const absent: Presence = { present: false };
const failure = {
  kind: 'Corrupt' as const,
  message: 'wrong digest',
  count: 3,
  atMs: 0,
  retryAtMs: 99,
  firstMs: { Stalled: 5, Corrupt: 7 },
};
const failed: History = { ...BLANK, failure };
const suspect: History = { ...failed, suspect: {} };

const told = { failure: { kind: 'Corrupt', message: 'wrong digest' }, attempts: 3, failingSinceMs: 7 };
const found = { state: 'Present', sizeBytes: 7, digests: present.digests };
const rows: readonly [string, boolean, Presence, History | undefined, object][] = [
  ['being pulled', true, absent, undefined, { state: 'Pulling' }],
  ['being pulled again after a failure', true, absent, failed, { state: 'Pulling', ...told }],
  ['being pulled although present', true, present, suspect, { state: 'Pulling', ...told }],
  ['present', false, present, undefined, found],
  ['present after a failure that broke nothing', false, present, failed, found],
  ['present after a failure that broke it', false, present, suspect, { state: 'Failed', ...told, retryAtMs: 99 }],
  ['absent after a failure', false, absent, failed, { state: 'Failed', ...told, retryAtMs: 99 }],
  ['absent', false, absent, undefined, { state: 'Missing' }],
];

test.each(rows)('an image that is %s', (_what, pulling, presence, history, cell) => {
  const running = new Map(pulling ? [[image, { gathering: false }]] : []);
  const histories = new Map(history ? [[image, history]] : []);
  expect(judgeCells({ plan, seen: new Map([[image, presence]]), running, histories })).toEqual([{ image, ...cell }]);
});

const stale = { ...found, state: 'Stale' };
test.each<[string, string, boolean, Presence, History | undefined, object]>([
  ['holds what is wanted', 'sha256:2', false, present, undefined, found],
  ['holds other contents', 'sha256:3', false, present, undefined, stale],
  ['holds other contents, and a pull failed', 'sha256:3', false, present, failed, { ...stale, ...told, retryAtMs: 99 }],
  [
    'holds a broken image of other contents',
    'sha256:3',
    false,
    present,
    suspect,
    { state: 'Failed', ...told, retryAtMs: 99 },
  ],
  [
    'holds an image that names no digest',
    'sha256:3',
    false,
    { ...present, digests: [] },
    undefined,
    { ...found, digests: [] },
  ],
  ['holds other contents and pulls', 'sha256:3', true, present, undefined, { state: 'Pulling' }],
  ['holds nothing', 'sha256:3', false, absent, undefined, { state: 'Missing' }],
])('where the contents wanted are known, a runtime that %s', (_what, digest, pulling, presence, history, cell) => {
  const running = new Map(pulling ? [[image, { gathering: false }]] : []);
  const histories = new Map(history ? [[image, history]] : []);
  const seen = new Map([[image, presence]]);
  expect(judgeCells({ plan: planOf(digest), seen, running, histories })).toEqual([{ image, ...cell }]);
});

test('nothing is planned before the first plan', () => {
  expect(judgeCells({ plan: undefined, seen: new Map(), running: new Map(), histories: new Map() })).toEqual([]);
});

test('while the runtime does not answer every planned image is unknown', () => {
  expect(unknownCells(plan)).toEqual([{ image, state: 'Unknown' }]);
});
