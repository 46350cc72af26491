import { stat } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { DeadlineExceeded, withDeadline } from './deadline.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';

const never = new AbortController().signal;

/** Ends only when its signal aborts. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut')), { once: true }));
}

test('work that ends in time gives its result and leaves no timer', async () => {
  const clock = createVirtualClock();
  await expect(withDeadline(clock, 10, never, 'a look', async () => 'seen')).resolves.toBe('seen');
  expect(clock.sleepers()).toBe(0);
});

test('work that takes too long is told to stop and DeadlineExceeded names it', async () => {
  const clock = createVirtualClock();
  const outcome = withDeadline(clock, 10, never, 'a look', hang).catch((error: unknown) => error);
  await clock.advance(10);
  expect(await outcome).toEqual(new DeadlineExceeded('a look took longer than 10 ms'));
});

test("the caller's abort wins over the error that it causes", async () => {
  const stop = new AbortController();
  const reason = new Error('shutting down');
  const outcome = withDeadline(createVirtualClock(), 10, stop.signal, 'a look', hang).catch((error: unknown) => error);
  stop.abort(reason);
  expect(await outcome).toBe(reason);
});

test("work's own error passes through", async () => {
  const broken = () => Promise.reject(new Error('broken'));
  await expect(withDeadline(createVirtualClock(), 10, never, 'a look', broken)).rejects.toThrow('broken');
});

test('what came while the process stood still has come in time', async () => {
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      stat('/', () => resolve('came'));
    });
  const answer = withDeadline(systemClock, 20, never, 'work', work);
  const untilMs = performance.now() + 100;
  while (performance.now() < untilMs);
  expect(await answer).toBe('came');
});
