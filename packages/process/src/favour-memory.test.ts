import { execFileSync } from 'node:child_process';
import { createBusyShare, systemClock } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { favourMemoryWhenCalm } from './favour-memory.ts';

test('V8 favours memory after six calm seconds, and no longer once the loop is busy', async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const set: (readonly [number, string])[] = [];
  const shares = [0.1, 0.1, 0.9, 0.1, 0.2, 0.29, 0.1, 0.3, 0.9, 0.1];
  const startMs = clock.monotonicMs();
  const done = favourMemoryWhenCalm(
    {
      clock,
      busyShare: () => shares.shift() ?? 0.1,
      setFlag: flag => set.push([clock.monotonicMs() - startMs, flag]),
    },
    stop.signal,
  );
  await clock.advance(20_000);
  expect(set).toEqual([
    [12_000, '--optimize-for-size'],
    [16_000, '--no-optimize-for-size'],
  ]);
  stop.abort(new Error('over'));
  await done;
});

test('V8 has the flag', () => {
  expect(execFileSync(process.execPath, ['--v8-options']).toString()).toMatch(/^ +--optimize-for-size /m);
});

test('a loop that only waits is not busy, and one that computes is', async () => {
  const busyShare = createBusyShare();
  await systemClock.sleep(100);
  expect(busyShare()).toBeLessThan(0.5);
  await systemClock.sleep(1);
  const untilMs = systemClock.monotonicMs() + 200;
  while (systemClock.monotonicMs() < untilMs);
  await systemClock.sleep(1);
  expect(busyShare()).toBeGreaterThan(0.5);
});
