import { expect, test } from 'vitest';
import { createBoundedCalls, TooManyCalls } from './bounded-calls.ts';

const never = new AbortController().signal;

function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, resolve, reject };
}

test('so many run at once, so many wait in order, and the next is turned away', async () => {
  const { run } = createBoundedCalls({ running: 1, waiting: 2 });
  const [first, order] = [held(), [] as number[]];
  const running = run(first.work, never);
  const second = run(async () => order.push(2), never);
  const third = run(async () => order.push(3), never);
  await expect(run(async () => order.push(4), never)).rejects.toThrow(TooManyCalls);
  first.resolve('done');
  await Promise.all([running, second, third]);
  expect(order).toEqual([2, 3]);
});

test('one that fails makes room all the same', async () => {
  const { run } = createBoundedCalls({ running: 1, waiting: 1 });
  await expect(run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
  expect(await run(async () => 'yes', never)).toBe('yes');
});

test('whoever gives up waiting leaves its place to others', async () => {
  const { run } = createBoundedCalls({ running: 1, waiting: 1 });
  const first = held();
  const running = run(first.work, never);
  const leaving = new AbortController();
  const gone = run(async () => 'gone', leaving.signal);
  leaving.abort(new Error('enough'));
  await expect(gone).rejects.toThrow('enough');
  const next = run(async () => 'next', never);
  first.resolve('first');
  expect([await running, await next]).toEqual(['first', 'next']);
  expect(await run(async () => 'later', never)).toBe('later');
});
