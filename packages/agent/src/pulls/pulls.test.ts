import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { type RunningPull, startPace } from '../decide/judge-stall.ts';
import { createPulls, untilStalled } from './pulls.ts';

const nothingBrought = { ask: false, waited: false, lastCredential: undefined, digest: undefined };
const order = { image: 'a', withoutPermit: false, sizeBytes: undefined, ...nothingBrought };

/** A runtime that lets go of a pull a second after it is told to. */
function start() {
  const clock = createVirtualClock();
  const begun: string[] = [];
  const ends: string[] = [];
  const pulls = createPulls({
    runtime: {
      async pull(image, _auth, _progress, signal) {
        begun.push(image);
        await clock.sleep(Number.POSITIVE_INFINITY, signal).catch(() => clock.sleep(1_000));
        throw new Error('it was cut');
      },
    },
    gather: async () => ({ tries: ['anonymous'], problems: [] }),
    gathered: () => {},
    clock,
    limits: { stallTimeoutMs: 120_000 },
    ended: (_pull, { result }) => ends.push(result),
    progressed: () => {},
    grew: () => {},
  });
  return { clock, pulls, begun, ends };
}

test('an image that is being pulled is not pulled a second time', async () => {
  const { clock, pulls, begun } = start();
  pulls.start(order);
  await clock.advance(0);
  expect(() => pulls.start(order)).toThrow('a second pull of a was to start while one runs');
  expect(begun).toEqual(['a']);
  const stopped = pulls.stop();
  await clock.advance(1_000);
  await stopped;
});

test('a cancelled pull counts as running until the runtime has let go of it', async () => {
  const { clock, pulls, begun, ends } = start();
  pulls.start(order);
  await clock.advance(0);
  pulls.cancel('a', 'unplanned');
  await clock.advance(999);
  expect([pulls.running().get('a')?.cancelled, ends]).toEqual([true, []]);
  expect(() => pulls.start(order)).toThrow('a second pull');
  await clock.advance(1);
  expect([pulls.running().size, ends, begun]).toEqual([0, ['cancelled'], ['a']]);
  expect(clock.sleepers()).toBe(0);
});

test('what stood still because this process did is given the whole time again', async () => {
  const clock = createVirtualClock();
  const progress = { phase: 'downloading', doneBytes: 5, totalBytes: 10 } as const;
  const times = { startedAtMs: 0, changedAtMs: 0 };
  const running: RunningPull = { ...order, ...times, progress, cancelled: false, gathering: false, pace: startPace(0) };
  const limits = { stallTimeoutMs: 2 * 60_000 };
  const sentences: string[] = [];
  void untilStalled(clock, () => running, limits, new AbortController().signal).then(text => sentences.push(text));
  await clock.advance(60_000);
  clock.suspend(3_600_000);
  await clock.advance(2 * 60_000 - 1);
  expect(sentences).toEqual([]);
  await clock.advance(1);
  expect(sentences).toEqual(['no progress for 120 s while downloading, 5 of 10 bytes done: given up']);
});
