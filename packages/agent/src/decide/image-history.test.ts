import type { FailureKind } from '@kube-prefetch/protocol';
import type { Progress } from '@kube-prefetch/runtime';
import { expect, test } from 'vitest';
import { afterFailure, afterLook, afterStaleLook, afterSuccess, BLANK, type History } from './image-history.ts';

const MINUTE = 60_000;
const ID = 'sha256:1';
const fail = (kind: FailureKind, phase?: Progress['phase'], before = BLANK, now = 0) =>
  afterFailure(before, { kind, message: `scripted ${kind}`, phase }, now, 0.5);
const succeed = (before: History, now: number) => afterSuccess(before, { elapsedMs: 10 }, now);

const distrust: readonly [FailureKind, Progress['phase'] | undefined, boolean][] = [
  ['Corrupt', 'downloading', true],
  ['NotAnImage', 'unpacking', true],
  ['NotAnImage', undefined, true],
  ['DiskFull', 'unpacking', true],
  ['DiskFull', undefined, true],
  ['DiskFull', 'downloading', false],
  ['DiskFull', 'resolving', false],
  ['RegistryUnavailable', 'unpacking', false],
  ['Stalled', 'unpacking', false],
  ['Unknown', 'unpacking', false],
];

test.each(distrust)('after %s while %s the runtime is distrusted: %s', (kind, phase, distrusted) => {
  const failed = fail(kind, phase);
  expect(failed.suspect !== undefined).toBe(distrusted);
  expect(afterLook(failed, ID, 1, 0.5).failure === undefined).toBe(!distrusted);
});

test('distrust of an image outlasts other failures, and ends with a pull that succeeds', () => {
  let history = afterLook(fail('Corrupt'), ID, 1, 0.5);
  history = fail('RateLimited', 'resolving', history);
  history = afterLook(history, ID, 2, 0.5);
  expect(history).toMatchObject({ suspect: { id: ID }, failure: { kind: 'RateLimited', count: 2 } });
  expect(succeed(history, 4)).toEqual({ deletions: 0, presentSinceMs: 4, pull: { elapsedMs: 10 } });
});

const S = 1_000;
test.each<[string, (readonly [string | undefined, number])[], boolean]>([
  ['the first look finds it', [[ID, 1 * S]], true],
  ['the first look finds it, however late it comes', [[ID, 600 * S]], true],
  [
    'it appears soon after the first look',
    [
      [undefined, 0],
      [ID, 5 * S],
    ],
    true,
  ],
  [
    'it is not there in time',
    [
      [undefined, 0],
      [undefined, 5 * S + 1],
    ],
    false,
  ],
  [
    'one appears later, which is another',
    [
      [undefined, 0],
      [ID, 5 * S + 1],
    ],
    false,
  ],
  [
    'it is deleted',
    [
      [ID, 0],
      [undefined, 1],
    ],
    false,
  ],
  [
    'it is deleted, and comes back',
    [
      [ID, 0],
      [undefined, 1],
      [ID, 2],
    ],
    false,
  ],
  [
    'it is replaced',
    [
      [ID, 0],
      ['sha256:2', 1],
    ],
    false,
  ],
  [
    'it stays',
    [
      [ID, 0],
      [ID, 9e9],
    ],
    true,
  ],
])('after a pull that may have left a broken image, where %s', (_where, looks, distrusted) => {
  const history = looks.reduce((before, [id, now]) => afterLook(before, id, now, 0.5), fail('Corrupt'));
  expect(history.suspect !== undefined).toBe(distrusted);
  expect(history.failure === undefined).toBe(!distrusted && looks.at(-1)?.[0] !== undefined);
});

test('an image that somebody else pulled is present, and its failures are forgotten', () => {
  const history = afterLook(fail('NotFound'), ID, 7, 0.5);
  expect(history).toMatchObject({ failure: undefined, presentSinceMs: 7 });
  expect(fail('NotFound', undefined, history).failure?.count).toBe(1);
});

test('each kind fails since its first failure since the image was last present', () => {
  let history = fail('NotFound', undefined, BLANK, 1);
  history = fail('RegistryUnavailable', undefined, history, 2);
  history = afterLook(history, undefined, 3, 0.5);
  history = fail('NotFound', undefined, history, 4);
  expect(history.failure).toMatchObject({ kind: 'NotFound', firstMs: { NotFound: 1, RegistryUnavailable: 2 } });
  for (const present of [afterLook(history, ID, 5, 0.5), succeed(history, 5)]) {
    expect(fail('NotFound', undefined, afterLook(present, undefined, 6, 0.5), 7).failure?.firstMs).toEqual({
      NotFound: 7,
    });
  }
});

test('a first deletion is healed at once, and where nobody paces the fleet within a minute', () => {
  const gone = afterLook(succeed(BLANK, 0), undefined, 10 * MINUTE, 0.5);
  expect(gone).toEqual({ deletions: 1, healAtMs: 10.5 * MINUTE });
});

test.each([
  ['almost an hour after it came back', 60 * MINUTE - 1, 'Evicted', 2],
  ['an hour after it came back', 60 * MINUTE, undefined, 1],
])('a second deletion %s', (_when, lasted, kind, deletions) => {
  const healed = succeed(afterLook(succeed(BLANK, 0), undefined, MINUTE, 0.5), 2 * MINUTE);
  const gone = afterLook(healed, undefined, 2 * MINUTE + lasted, 0.5);
  expect([gone.failure?.kind, gone.deletions]).toEqual([kind, deletions]);
});

test('an image that is deleted whenever it comes back is tried less and less often, up to every six hours', () => {
  let now = 0;
  let history: History = succeed(BLANK, now);
  const delays: number[] = [];
  for (let i = 0; i < 9; i++) {
    now += 5 * MINUTE;
    history = afterLook(history, undefined, now, 0.999);
    delays.push(Math.round(((history.failure?.retryAtMs ?? now) - now) / MINUTE));
    now = history.failure?.retryAtMs ?? now;
    history = succeed(history, now);
  }
  expect(delays).toEqual([0, 20, 40, 80, 160, 320, 360, 360, 360]);
});

test('a pull that brings other contents than wanted fails as Outdated, ever later, until one brings them', () => {
  const pulled = { elapsedMs: 1, digest: 'sha256:new' };
  const stale = (before: History, now: number) => afterStaleLook(before, ID, 'sha256:new', now, 0.999);
  let now = 0;
  let history = stale(afterLook(BLANK, ID, now, 0.5), now);
  expect(history).toMatchObject({ presentSinceMs: 0 });
  expect(history.failure).toBeUndefined();
  const delays: number[] = [];
  for (let pulls = 0; pulls < 7; pulls += 1) {
    history = stale(afterSuccess(history, pulled, now), now);
    expect(stale(history, now + 1)).toBe(history);
    delays.push(Math.round(((history.failure?.retryAtMs ?? now) - now) / MINUTE));
    now = history.failure?.retryAtMs ?? now;
  }
  expect(delays).toEqual([10, 20, 40, 80, 160, 320, 360]);
  expect(history.failure).toMatchObject({ kind: 'Outdated', count: 7, firstMs: { Outdated: 0 } });
  expect(afterLook(history, undefined, now, 0.5)).toMatchObject({ deletions: 1 });
  expect(afterLook(afterSuccess(history, pulled, now), ID, now, 0.5).failure).toBeUndefined();
});

test('of contents that are wanted only since a pull began nobody says that it failed', () => {
  const before = afterSuccess(BLANK, { elapsedMs: 1, digest: 'sha256:old' }, 0);
  expect(afterStaleLook(before, ID, 'sha256:new', 1, 0.5)).toBe(before);
});

test('a look that changes nothing leaves the very same object', () => {
  const present = succeed(BLANK, 0);
  expect(afterLook(present, ID, 5, 0.1)).toBe(present);
  expect(afterLook(BLANK, undefined, 5, 0.1)).toBe(BLANK);
});
