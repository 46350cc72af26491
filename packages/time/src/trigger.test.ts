import { expect, test } from 'vitest';
import { createTrigger } from './trigger.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';

const never = new AbortController().signal;

test('many firings before the next look count as one', async () => {
  const clock = createVirtualClock();
  const trigger = createTrigger(clock);
  trigger.fire();
  trigger.fire();
  await trigger.next(Number.POSITIVE_INFINITY, never);
  let again = false;
  const next = trigger.next(50, never).then(() => (again = true));
  await clock.advance(49);
  expect(again).toBe(false);
  await clock.advance(1);
  await next;
});

test('a firing wakes the wait at once', async () => {
  const clock = createVirtualClock();
  const trigger = createTrigger(clock);
  const next = trigger.next(10_000, never);
  trigger.fire();
  await next;
  expect([clock.monotonicMs(), clock.sleepers()]).toEqual([0, 0]);
});

test('a time that is already due does not wait', async () => {
  const clock = createVirtualClock();
  await createTrigger(clock).next(-1, never);
  expect([clock.monotonicMs(), clock.sleepers()]).toEqual([0, 0]);
});

test('an aborted signal rejects with its reason, before and during the wait', async () => {
  const trigger = createTrigger(createVirtualClock());
  const reason = new Error('stop');
  await expect(trigger.next(10, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stop = new AbortController();
  const next = trigger.next(10, stop.signal);
  stop.abort(reason);
  await expect(next).rejects.toBe(reason);
});
