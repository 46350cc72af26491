import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { readUntilSilent } from './read-until-silent.ts';

/** A stream that brings a number after each of these pauses, and is then mute, or ends. */
function start(pausesMs: readonly number[], { ends = false } = {}) {
  const clock = createVirtualClock();
  const taken: number[] = [];
  const stop = new AbortController();
  async function* open(signal: AbortSignal) {
    for (const [index, ms] of pausesMs.entries()) {
      await clock.sleep(ms, signal);
      yield index;
    }
    if (!ends) await clock.sleep(1e9, signal);
  }
  let outcome = 'running';
  const patience = { clock, openMs: 15_000, silentMs: 90_000 };
  void readUntilSilent(patience, open, item => taken.push(item), stop.signal).then(
    () => (outcome = 'ended'),
    (error: Error) => (outcome = error.message),
  );
  return { clock, taken, stop, outcome: () => outcome };
}

test('what never brings anything is unreachable', async () => {
  const { clock, outcome } = start([]);
  await clock.advance(14_999);
  expect(outcome()).toBe('running');
  await clock.advance(1);
  expect([outcome(), clock.sleepers()]).toEqual(['no answer within 15 s', 0]);
});

test('what falls silent is cut, counted from the last that came', async () => {
  const { clock, taken, outcome } = start([1_000, 80_000, 80_000]);
  await clock.advance(250_999);
  expect([taken, outcome()]).toEqual([[0, 1, 2], 'running']);
  await clock.advance(1);
  expect([outcome(), clock.sleepers()]).toEqual(['ended', 0]);
});

test('what ends by itself has ended, and nothing waits any more', async () => {
  const { clock, taken, outcome } = start([1_000], { ends: true });
  await clock.advance(1_000);
  expect([taken, outcome(), clock.sleepers()]).toEqual([[0], 'ended', 0]);
});

test('the caller ends it with its own reason', async () => {
  const { clock, stop, outcome } = start([1_000]);
  await clock.advance(2_000);
  stop.abort(new Error('shutting down'));
  await clock.advance(0);
  expect([outcome(), clock.sleepers()]).toEqual(['shutting down', 0]);
});
