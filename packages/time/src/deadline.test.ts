import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
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
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sender = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [receiver] = (await once(server, 'connection')) as [Socket];
  const answer = withDeadline(systemClock, 20, never, 'work', signal => once(receiver, 'data', { signal }));
  sender.write('came'); // Written at once, and read in the next round of the loop.
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs);
  expect(String(await answer)).toBe('came');
  sender.destroy();
  server.close();
});
