import { silentLog } from '@kube-prefetch/process';
import { RuntimeUnavailable } from '@kube-prefetch/runtime';
import { seededRandom } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createRuntimeEvents } from './runtime-events.ts';

function listenTo(changes: (signal: AbortSignal) => AsyncIterable<void> | 'unsupported', pulling = false) {
  const clock = createVirtualClock();
  const looks: number[] = [];
  const events = createRuntimeEvents({
    runtime: { changes },
    clock,
    random: seededRandom(1),
    log: silentLog,
    pulling: () => pulling,
    changed: () => looks.push(clock.monotonicMs()),
  });
  const stop = new AbortController();
  const ended = events.run(stop.signal).catch(() => {});
  return {
    clock,
    looks,
    events,
    async stop() {
      stop.abort(new Error('over'));
      await ended;
    },
  };
}

test('a burst of events means few looks, and none once it is over', async () => {
  const { clock, looks, stop } = listenTo(async function* burst(signal) {
    for (let i = 0; i < 1_000; i++) yield;
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  });
  await clock.advance(1_000);
  expect(looks).toEqual([50, 300]);
  await clock.advance(60_000);
  expect(looks.length).toBe(2);
  await stop();
});

test('while we pull, whose end wakes a look anyhow, events wait a second', async () => {
  const once = async function* once(signal: AbortSignal) {
    yield;
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  };
  const { clock, looks, stop } = listenTo(once, true);
  await clock.advance(5_000);
  expect(looks).toEqual([1_000]);
  await stop();
});

test('a stream that breaks is opened again with growing pauses, and each time something may have been missed', async () => {
  const { clock, looks, events, stop } = listenTo(async function* broken() {
    yield* [];
    throw new RuntimeUnavailable('no socket');
  });
  await clock.advance(60_000);
  expect(looks.length).toBeGreaterThan(20);
  expect(looks.length).toBeLessThan(240);
  expect(events.verifyAfterMs()).toBe(20_000);
  await stop();
  expect(clock.sleepers()).toBe(0);
});

test('with events a look a minute is enough, without them it is three', async () => {
  let supported = false;
  const { clock, events, stop } = listenTo(signal => (supported ? quiet(signal) : 'unsupported'));
  async function* quiet(signal: AbortSignal) {
    yield* [];
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  }
  await clock.advance(5_000);
  expect(events.verifyAfterMs()).toBe(20_000);
  supported = true;
  await clock.advance(1_000);
  expect(events.verifyAfterMs()).toBe(60_000);
  await stop();
});
