import { expect, test } from 'vitest';
import { KubeApiError, type KubeFailure } from '../api/kube-api.ts';
import { decideRelist, type RoundEnd } from './decide-relist.ts';

const end = (parts: Partial<RoundEnd>): RoundEnd => ({
  failures: 0,
  lastedMs: 0,
  error: undefined,
  listed: false,
  fruitless: false,
  ...parts,
});
const failed = (failure: KubeFailure, retryAfterMs?: number) =>
  new KubeApiError(failure, failure, retryAfterMs === undefined ? {} : { retryAfterMs });

test.each<[string, Partial<RoundEnd>, ReturnType<typeof decideRelist>]>([
  ['the server closed a watch that stood', { lastedMs: 300_000 }, { failures: 0, pauseMs: 0, list: false }],
  [
    'a watch that stood broke off',
    { lastedMs: 5_000, error: failed('Unreachable') },
    { failures: 0, pauseMs: 0, list: false },
  ],
  ['a watch that was closed as soon as it began', {}, { failures: 1, pauseMs: 500, list: false }],
  [
    'the server is away for the third time',
    { failures: 2, error: failed('Unreachable') },
    { failures: 3, pauseMs: 2_000, list: false },
  ],
  [
    'the server is away for long',
    { failures: 40, error: failed('Unreachable') },
    { failures: 41, pauseMs: 10_000, list: false },
  ],
  [
    'a version that is no longer kept',
    { failures: 2, error: failed('Expired') },
    { failures: 2, pauseMs: 0, list: true },
  ],
  [
    'a version that ends while it is watched',
    { lastedMs: 9_000, error: failed('Expired') },
    { failures: 0, pauseMs: 0, list: true },
  ],
  [
    'a version that is not kept although just listed',
    { listed: true, error: failed('Expired') },
    { failures: 1, pauseMs: 500, list: true },
  ],
  [
    'the server fails on the version',
    { failures: 1, error: failed('ServerError') },
    { failures: 2, pauseMs: 1_000, list: false },
  ],
  [
    'the server fails on the version again and again',
    { failures: 2, error: failed('ServerError') },
    { failures: 3, pauseMs: 2_000, list: true },
  ],
  [
    'the server calls the version none, again and again',
    { failures: 2, error: failed('Invalid') },
    { failures: 3, pauseMs: 2_000, list: true },
  ],
  [
    'watches end again and again before they brought anything',
    { failures: 2, fruitless: true },
    { failures: 3, pauseMs: 2_000, list: true },
  ],
  [
    'a watch brought more than is read',
    { failures: 1, error: failed('TooLarge') },
    { failures: 2, pauseMs: 1_000, list: true },
  ],
  [
    'the server says when to come back',
    { error: failed('TooManyRequests', 7_000) },
    { failures: 1, pauseMs: 7_000, list: false },
  ],
  [
    'the server says to come back tomorrow',
    { error: failed('TooManyRequests', 86_400_000) },
    { failures: 1, pauseMs: 10_000, list: false },
  ],
])('%s', (_, parts, expected) => {
  expect(decideRelist(end(parts), 1)).toEqual(expected);
});

test('pauses are jittered down to nothing, so that clients that lost a server do not return together', () => {
  expect(decideRelist(end({ failures: 5, error: failed('Unreachable') }), 0.25).pauseMs).toBe(2_500);
});
