import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { createByteCounts } from './byte-counts.ts';

function start() {
  const clock = createVirtualClock();
  const node = { pulling: false };
  const asked: string[] = [];
  const counted: [string, number][] = [];
  const counts = createByteCounts({
    clock,
    pulling: () => node.pulling,
    counted: (image, _pull, bytes) => counted.push([image, bytes]),
  });
  const stop = new AbortController();
  const ended = counts.run(stop.signal).catch(() => {});
  return {
    clock,
    node,
    asked,
    counted,
    pulled(image: string, bytes: number | undefined, doneBytes?: number) {
      const countBytes = async () => {
        asked.push(image);
        return bytes;
      };
      counts.add({ image, pull: { elapsedMs: 1, ...(doneBytes !== undefined && { doneBytes }) }, countBytes });
    },
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

test('while pulls run, nothing is asked; once none has for a moment, all are counted', async () => {
  const { clock, node, asked, counted, pulled, stop } = start();
  node.pulling = true;
  pulled('a', 10);
  await clock.advance(3_000);
  pulled('b', 20);
  await clock.advance(3_000);
  expect(asked).toEqual([]);
  node.pulling = false;
  await clock.advance(1_000);
  expect(counted).toEqual([
    ['a', 10],
    ['b', 20],
  ]);
  await stop();
  expect(clock.sleepers()).toBe(0);
});

test('a node that pulls on and on counts every half minute', async () => {
  const { clock, node, counted, pulled, stop } = start();
  node.pulling = true;
  pulled('a', 10);
  await clock.advance(29_000);
  expect(counted).toEqual([]);
  await clock.advance(1_000);
  expect(counted).toEqual([['a', 10]]);
  await stop();
});

test('no more than a hundred wait: the oldest goes by what was seen of it, without a question', async () => {
  const { clock, node, asked, counted, pulled, stop } = start();
  node.pulling = true;
  pulled('oldest', 10, 7);
  for (let i = 0; i < 100; i++) pulled(`image-${i}`, i);
  await clock.advance(500);
  expect([asked, counted]).toEqual([[], [['oldest', 7]]]);
  node.pulling = false;
  await clock.advance(1_000);
  expect(asked).toHaveLength(100);
  await stop();
});

test('where the runtime does not say, what was seen of the download counts, and nothing where nothing was seen', async () => {
  const { clock, counted, pulled, stop } = start();
  pulled('seen', undefined, 7);
  pulled('unseen', undefined);
  await clock.advance(1_000);
  expect(counted).toEqual([['seen', 7]]);
  await stop();
});
