import { expect, test } from 'vitest';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { systemClock, timestamp } from './clock.ts';

test('an aborted sleep rejects with the reason that was given', async () => {
  const stop = new AbortController();
  const reason = new Error('stop');
  const sleep = systemClock.sleep(60_000, stop.signal);
  stop.abort(reason);
  await expect(sleep).rejects.toBe(reason);
});

test('a sleep beyond what a timer can hold does not fire at once', async () => {
  const stop = new AbortController();
  let ended = false;
  const sleep = systemClock.sleep(Number.POSITIVE_INFINITY, stop.signal).finally(() => (ended = true));
  await systemClock.sleep(5);
  expect(ended).toBe(false);
  stop.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
});

test('a timestamp is RFC 3339 in UTC', () => {
  expect(timestamp(createVirtualClock(0))).toBe('1970-01-01T00:00:00.000Z');
});
