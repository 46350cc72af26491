import { expect, test } from 'vitest';
import { createSkippingClock, createVirtualClock } from './virtual-clock.ts';

test('sleepers wake in the order of their time, each seeing its own moment', async () => {
  const clock = createVirtualClock();
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push([name, clock.monotonicMs()]);
  };
  const all = [sleep('late', 30), sleep('early', 10), sleep('middle', 20)];
  await clock.advance(25);
  expect(woken).toEqual([
    ['early', 10],
    ['middle', 20],
  ]);
  await clock.advance(5);
  await Promise.all(all);
  expect(woken.at(-1)).toEqual(['late', 30]);
});

test('a sleeper that sleeps again is woken again within the same advance', async () => {
  const clock = createVirtualClock();
  let turns = 0;
  const loop = (async () => {
    while (turns < 3) {
      await clock.sleep(10);
      turns += 1;
    }
  })();
  await clock.advance(30);
  await loop;
  expect(turns).toBe(3);
});

test('an aborted sleep rejects with the reason and leaves no sleeper', async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const sleep = clock.sleep(10, stop.signal);
  const reason = new Error('stop');
  stop.abort(reason);
  await expect(sleep).rejects.toBe(reason);
  expect(clock.sleepers()).toBe(0);
});

test('the wall clock jumps alone', () => {
  const clock = createVirtualClock(1_000);
  clock.jumpWall(-500);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([500, 0]);
});

test('what was due while the clock was suspended wakes late, all at once and in order', async () => {
  const clock = createVirtualClock();
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push([name, clock.monotonicMs()]);
  };
  const all = [sleep('second', 20), sleep('first', 10), sleep('not yet', 110)];
  clock.suspend(100);
  expect(woken).toEqual([]);
  await clock.advance(10);
  await Promise.all(all);
  expect(woken).toEqual([
    ['first', 100],
    ['second', 100],
    ['not yet', 110],
  ]);
});

test('a clock that skips waits moves on once nothing else is left to do, and stands still where nobody wakes', async () => {
  const clock = createSkippingClock();
  const stop = new AbortController();
  const forever = clock.sleep(Infinity, stop.signal).catch(() => {});
  let work = 0;
  const short = clock.sleep(10).then(() => (work += 1));
  for (; work < 5; work += 1) await Promise.resolve();
  expect(clock.monotonicMs()).toBe(0);
  await short;
  expect([work, clock.monotonicMs()]).toEqual([6, 10]);
  await clock.sleep(3_600_000);
  expect(clock.monotonicMs()).toBe(3_600_010);
  stop.abort();
  await forever;
});
