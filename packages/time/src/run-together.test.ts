import { expect, test } from 'vitest';
import { runTogether } from './run-together.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';

const never = new AbortController().signal;
const clock = createVirtualClock();
const untilAborted = (signal: AbortSignal) => clock.sleep(Number.POSITIVE_INFINITY, signal);

test('works that end one by one end nobody else', async () => {
  const ended: string[] = [];
  const work = (name: string, ms: number) => async (signal: AbortSignal) => {
    await clock.sleep(ms, signal);
    ended.push(name);
  };
  const all = runTogether([work('slow', 20), work('fast', 10)], never);
  await clock.advance(20);
  await all;
  expect(ended).toEqual(['fast', 'slow']);
});

test('the first that fails ends the others, which are waited for, and its error is thrown', async () => {
  const ended: unknown[] = [];
  const cleaning = async (signal: AbortSignal) => {
    await untilAborted(signal).catch(reason => ended.push(reason));
    await clock.sleep(10);
    throw new Error('while cleaning up');
  };
  const broken = new Error('broken');
  const all = runTogether([cleaning, () => Promise.reject(broken)], never).catch(error => ended.push(error));
  await clock.advance(9);
  expect(ended).toEqual([broken]);
  await clock.advance(1);
  await all;
  expect(ended).toEqual([broken, broken]);
});

test("all end with the caller's signal, and that is no failure", async () => {
  const stop = new AbortController();
  const all = runTogether([untilAborted, untilAborted], stop.signal);
  stop.abort(new Error('stop'));
  await all;
  expect(clock.sleepers()).toBe(0);
});

test('what fails before the caller aborts is thrown all the same', async () => {
  const stop = new AbortController();
  const slow = (signal: AbortSignal) => untilAborted(signal).catch(() => clock.sleep(10));
  const all = runTogether([slow, () => Promise.reject(new Error('broken'))], stop.signal).catch(error => error);
  await clock.advance(1);
  stop.abort();
  await clock.advance(10);
  expect(await all).toEqual(new Error('broken'));
});
