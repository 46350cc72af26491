import { expect, test } from 'vitest';
import { DeadlineExceeded, withDeadline } from './deadline.ts';
import { createVirtualClock } from './virtual-clock.ts';

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
  const outcome = expect(withDeadline(clock, 10, never, 'a look', hang)).rejects.toThrow(
    new DeadlineExceeded('a look took longer than 10 ms'),
  );
  await clock.advance(10);
  await outcome;
});

test("the caller's abort wins over the error that it causes", async () => {
  const stop = new AbortController();
  const reason = new Error('shutting down');
  const outcome = expect(withDeadline(createVirtualClock(), 10, stop.signal, 'a look', hang)).rejects.toBe(reason);
  stop.abort(reason);
  await outcome;
});

test("work's own error passes through", async () => {
  const broken = () => Promise.reject(new Error('broken'));
  await expect(withDeadline(createVirtualClock(), 10, never, 'a look', broken)).rejects.toThrow('broken');
});
