import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { never } from '../testing/index.ts';
import { createPacedTrigger } from './paced-trigger.ts';

/** Runs a line whose every look takes `workMs` and is followed by an event at once; returns when the looks began. */
async function looksOf(workMs: number, forMs: number, settling = false): Promise<readonly number[]> {
  const clock = createVirtualClock();
  const trigger = createPacedTrigger(clock, () => settling);
  const looks: number[] = [];
  const stop = new AbortController();
  const line = (async () => {
    for (;;) {
      looks.push(clock.monotonicMs());
      trigger.fire();
      await clock.sleep(workMs, stop.signal);
      await trigger.next(Infinity, stop.signal);
    }
  })().catch(() => {});
  await clock.advance(forMs);
  stop.abort();
  await line;
  return looks;
}

test.each<[string, number, readonly number[], boolean?]>([
  ['quick looks rest for a moment', 0, [0, 20, 40]],
  ['long looks rest four times as long', 50, [0, 70, 320, 570]],
  ['very long ones no longer than a second', 2_000, [0, 2_020, 5_020, 8_020]],
  ['while a term settles, long looks rest sixteen times as long', 50, [0, 70, 920, 1_770], true],
])('%s', async (_case, workMs, looks, settling = false) => {
  expect((await looksOf(workMs, 10_000, settling)).slice(0, looks.length)).toEqual(looks);
});

test('the first event after a quiet time is seen at once', async () => {
  const clock = createVirtualClock();
  const trigger = createPacedTrigger(clock, () => false);
  let wokenMs: number | undefined;
  const next = trigger.next(Infinity, never()).then(() => {
    wokenMs = clock.monotonicMs();
  });
  await clock.advance(5_000);
  trigger.fire();
  await clock.advance(0);
  await next;
  expect(wokenMs).toBe(5_000);
});
