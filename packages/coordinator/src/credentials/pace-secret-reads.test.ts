import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import { paceSecretReads } from './pace-secret-reads.ts';

test('a namespace that has very many secrets read gets ten a second in the long run, and delays no other', async () => {
  const clock = createVirtualClock();
  const lanes = paceSecretReads(clock);
  const { signal } = new AbortController();
  const read = { flood: 0, shop: 0, refused: 0 };
  const readOne = (namespace: 'flood' | 'shop') =>
    lanes.run(namespace, async () => void (read[namespace] += 1), signal).catch(() => void (read.refused += 1));
  for (let second = 0; second < 60; second += 1) {
    for (let n = 0; n < 500; n += 1) void readOne('flood');
    const before = clock.monotonicMs();
    await readOne('shop');
    expect(clock.monotonicMs()).toBe(before);
    await clock.advance(1_000);
  }
  process.stdout.write(`of 30000 reads: ${JSON.stringify(read)}\n`);
  expect(read.shop).toBe(60);
  expect(read.flood).toBeGreaterThan(600);
  expect(read.flood).toBeLessThan(750);
  expect(read.flood + read.refused).toBeLessThanOrEqual(30_000);
});

test('no more than eight are asked for at once, whatever namespaces they are of', async () => {
  const lanes = paceSecretReads(createVirtualClock());
  let running = 0;
  let most = 0;
  const reads = Array.from({ length: 200 }, (_, n) =>
    lanes.run(
      `n${n}`,
      async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running -= 1;
      },
      new AbortController().signal,
    ),
  );
  await Promise.all(reads);
  expect(most).toBe(8);
});
