import { type Log, silentLog } from '@kube-prefetch/process';
import { seededRandom } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { type SavedState, createStateSaver } from './state-file.ts';

const HOUR_MS = 3_600_000;

/** A saver on a disk that is full until told otherwise. */
function startSaver() {
  const clock = createVirtualClock();
  const tries: number[] = [];
  const warnings: string[] = [];
  const disk = { full: false, holds: [] as readonly string[] };
  let state: SavedState = { suspects: [], present: [] };
  const saver = createStateSaver({
    file: {
      async save({ present }) {
        tries.push(clock.monotonicMs());
        if (disk.full) throw new Error('ENOSPC');
        disk.holds = present;
      },
    },
    clock,
    random: seededRandom(1),
    log: { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) } as Log,
    read: () => state,
  });
  const stop = new AbortController();
  const ended = saver.run(stop.signal).catch(() => {});
  return {
    clock,
    tries,
    warnings,
    disk,
    change(...present: string[]) {
      state = { suspects: [], present };
      saver.changed('soon');
    },
    see(...present: string[]) {
      state = { suspects: [], present };
      saver.changed('eventually');
    },
    async stop() {
      stop.abort(new Error('over'));
      await ended;
    },
  };
}

test('what changes often is written at most once a second, with what holds then', async () => {
  const { clock, tries, disk, change, stop } = startSaver();
  for (let n = 1; n <= 50; n++) {
    change(`a:${n}`);
    await clock.advance(100);
  }
  await clock.advance(HOUR_MS);
  expect(tries).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  expect(disk.holds).toEqual(['a:50']);
  await stop();
  expect(clock.sleepers()).toBe(0);
});

test('what was seen present waits for half a minute, or for something that matters more', async () => {
  const { clock, tries, disk, change, see, stop } = startSaver();
  for (let n = 1; n <= 100; n++) {
    see(`a:${n}`);
    await clock.advance(500);
  }
  expect(tries).toEqual([30_000]);
  change('b:1');
  await clock.advance(0);
  expect([tries, disk.holds]).toEqual([[30_000, 50_000], ['b:1']]);
  await clock.advance(HOUR_MS);
  expect(tries).toEqual([30_000, 50_000]);
  await stop();
});

test('on a full disk it is tried again with growing pauses and told once, and written once there is room', async () => {
  const { clock, tries, warnings, disk, change, stop } = startSaver();
  disk.full = true;
  change('a:1');
  await clock.advance(HOUR_MS);
  expect(tries.length).toBeGreaterThan(HOUR_MS / 62_000);
  expect(tries.length).toBeLessThan(HOUR_MS / 20_000);
  expect(warnings).toEqual(['the state file could not be written']);
  disk.full = false;
  await clock.advance(62_000);
  expect(disk.holds).toEqual(['a:1']);
  await stop();
});
