import type { PermitRequest } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aPermitRequest, never, want } from '../../testing/index.ts';
import { createPermits } from './permits.ts';

const TTL_MS = 30_000;

/** Permits of a term that is older than one ttl. */
async function startPermits(
  maxConcurrentPulls: number | undefined,
  quiet: 'quiet' | 'settled' = 'settled',
  parallelPulls?: number,
) {
  const clock = createVirtualClock();
  const permits = createPermits({ clock, ttlMs: TTL_MS, dueEarlier: () => {} });
  permits.open(clock.monotonicMs());
  const of = { kind: 'Cluster' } as const;
  const all = { key: 'all', of, most: maxConcurrentPulls ?? 0, counts: 'pulls' as const, sentence: 'the limit' };
  permits.setLimits(() => (maxConcurrentPulls === undefined ? [] : [all]), parallelPulls);
  const pass = async (ms: number) => {
    await clock.advance(ms);
    permits.expire(clock.monotonicMs());
    await clock.advance(0);
  };
  if (quiet === 'settled') await pass(TTL_MS);
  const ask = (node: string, parts: Partial<PermitRequest>) => {
    const request = { images: undefined as readonly string[] | undefined };
    void permits.request(node, aPermitRequest(parts), never()).then(images => {
      request.images = images;
    });
    return request;
  };
  return { clock, permits, pass, ask };
}

test('a limit holds for all nodes together, and who waits is served as soon as a permit is let go', async () => {
  const { clock, ask, pass, permits } = await startPermits(2);
  ask('n1', { wanting: want('a', 'b') });
  const waiting = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  await pass(0);
  expect([waiting.images, permits.counts()]).toEqual([undefined, { granted: 2, waiting: 1 }]);
  ask('n1', { holding: ['a'] });
  await clock.advance(0);
  expect([waiting.images, permits.counts()]).toEqual([['a'], { granted: 2, waiting: 0 }]);
});

test('a running pull counts, permitted before or not, and may exceed the limit', async () => {
  const { ask, pass, permits } = await startPermits(1);
  const holding = ask('n1', { holding: ['a', 'b'] });
  const waiting = ask('n2', { wanting: want('a'), waitMs: 1_000 });
  await pass(0);
  expect([holding.images, permits.counts().granted]).toEqual([['a', 'b'], 2]);
  await pass(1_000);
  expect(waiting.images).toEqual([]);
});

test('a permit ends one ttl after it was last presented, and the next in line gets it', async () => {
  const { ask, pass, permits } = await startPermits(1);
  ask('n1', { wanting: want('a') });
  await pass(TTL_MS - 1);
  const waiting = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  await pass(0);
  expect(waiting.images).toBeUndefined();
  expect(permits.nextDueMs(TTL_MS)).toBe(2 * TTL_MS);
  await pass(1);
  expect(waiting.images).toEqual(['a']);
});

test('a permit that is not yet used is kept while its image is still wanted', async () => {
  const { ask, pass } = await startPermits(1);
  ask('n1', { wanting: want('a') });
  await pass(TTL_MS / 2);
  const again = ask('n1', { wanting: want('b', 'a'), waitMs: 10_000 });
  await pass(0);
  expect(again.images).toEqual(['a']);
});

test('a want keeps its age from request to request', async () => {
  const { ask, pass } = await startPermits(1);
  ask('n0', { holding: ['x'] });
  ask('n2', { wanting: want('a'), waitMs: 1_000 });
  await pass(1_000);
  ask('n1', { wanting: want('a'), waitMs: 10_000 });
  const older = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  ask('n0', {});
  await pass(0);
  expect(older.images).toEqual(['a']);
});

test('whoever asks competes with those who wait: a higher priority goes first', async () => {
  const { ask, pass } = await startPermits(1);
  ask('n1', { holding: ['x'] });
  const waiting = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  const asking = ask('n1', { wanting: [{ image: 'b', priority: 5 }] });
  await pass(0);
  expect([waiting.images, asking.images]).toEqual([undefined, ['b']]);
});

test('no request waits longer than a third of the ttl: a later grant would be half over', async () => {
  const { ask, pass } = await startPermits(1);
  ask('n1', { holding: ['x'] });
  const waiting = ask('n2', { wanting: want('a'), waitMs: 55_000 });
  await pass(TTL_MS / 3 - 1);
  expect(waiting.images).toBeUndefined();
  await pass(1);
  expect(waiting.images).toEqual([]);
});

test('a later request of a node answers the one that waits', async () => {
  const { ask, pass } = await startPermits(1);
  ask('n1', { holding: ['x'] });
  const first = ask('n2', { holding: ['y'], wanting: want('a'), waitMs: 10_000 });
  const second = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  await pass(0);
  expect([first.images, second.images]).toEqual([['y'], undefined]);
});

test('a young term grants nothing but what is presented, and serves who waits when one ttl has passed', async () => {
  const { ask, pass, permits } = await startPermits(5, 'quiet');
  const presenting = ask('n1', { holding: ['a'], wanting: want('b') });
  await pass(TTL_MS - 5_000);
  expect(presenting.images).toEqual(['a']);
  const waiting = ask('n2', { wanting: want('a'), waitMs: 10_000 });
  await pass(4_999);
  expect(waiting.images).toBeUndefined();
  expect(permits.nextDueMs(TTL_MS - 1)).toBe(TTL_MS);
  await pass(1);
  expect(waiting.images).toEqual(['a']);
});

test('without a limit a young term grants at once', async () => {
  const { ask, pass } = await startPermits(undefined, 'quiet');
  const asking = ask('n1', { wanting: want('a', 'b') });
  await pass(0);
  expect(asking.images).toEqual(['a', 'b']);
});

test('an aborted request waits no longer and takes no permit', async () => {
  const { clock, permits, ask, pass } = await startPermits(1);
  ask('n1', { holding: ['x'] });
  const stop = new AbortController();
  const waiting = permits.request('n2', aPermitRequest({ wanting: want('a'), waitMs: 10_000 }), stop.signal);
  stop.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  ask('n1', {});
  await pass(0);
  expect(permits.counts()).toEqual({ granted: 0, waiting: 0 });
  expect(clock.sleepers()).toBe(0);
});

test('the end of a term fails whoever waits', async () => {
  const { permits, ask } = await startPermits(1);
  ask('n1', { holding: ['x'] });
  const waiting = permits.request('n2', aPermitRequest({ wanting: want('a'), waitMs: 10_000 }), never());
  permits.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ShuttingDown' });
});

test.each([
  [
    'holds others than before, and wants those',
    (round: number) => ({ holding: some(round), wanting: want(...some(round - 1)) }),
  ],
  ['wants others than before', (round: number) => ({ wanting: want(...some(round - 1), ...some(round)) })],
  [
    'names one image many times',
    () => ({ holding: Array<string>(50).fill('a'), wanting: want(...Array<string>(50).fill('b')) }),
  ],
])('no node has more permits than it has pulls, whatever it %s', async (_how, request) => {
  const { ask, pass, permits } = await startPermits(1_000, 'settled', 1);
  for (let round = 1; round < 10; round += 1) {
    const { images } = await answered(ask('n1', request(round)), pass);
    expect(images?.length).toBeLessThanOrEqual(3);
    expect(permits.counts().granted).toBeLessThanOrEqual(3);
  }
});

const aRequest = fc.record({
  afterMs: fc.constantFrom(0, 1_000, 7_000),
  node: fc.constantFrom('n1', 'n2', 'n3'),
  holding: fc.subarray(['a', 'b', 'free'], { maxLength: 2 }),
  wanting: fc.subarray(['a', 'b', 'c', 'free'], { maxLength: 3 }),
  waitMs: fc.constantFrom(0, 9_000),
  thenPass: fc.boolean(),
});

test('whatever is requested between two passes, the line is told what ends before the pass that it knows to be due', async () => {
  const hits = { told: 0, sooner: 0, quiet: 0, never: 0 };
  const of = { kind: 'Cluster' } as const;
  const limit = { key: 'all', of, most: 2, counts: 'pulls' as const, sentence: 'the limit', lingersMs: 3_000 };
  await fc.assert(
    fc.asyncProperty(fc.array(aRequest, { maxLength: 12 }), fc.boolean(), async (requests, isYoung) => {
      const clock = createVirtualClock();
      let dueMs = Infinity;
      let told = 0;
      const permits = createPermits({ clock, ttlMs: TTL_MS, dueEarlier: () => (told += 1) });
      permits.open(isYoung ? 0 : -TTL_MS);
      permits.setLimits((_node, image) => (image === 'free' ? [] : [limit]));
      for (const { afterMs, node, thenPass, wanting, ...rest } of requests) {
        await clock.advance(afterMs);
        void permits.request(node, aPermitRequest({ ...rest, wanting: want(...wanting) }), never());
        const now = clock.monotonicMs();
        if (!thenPass && now < dueMs) continue;
        permits.expire(now);
        dueMs = permits.nextDueMs(now);
        told = 0;
      }
      const trulyMs = permits.nextDueMs(clock.monotonicMs());
      if (told === 0) expect(trulyMs).toBeGreaterThanOrEqual(dueMs);
      expect(told).toBeLessThanOrEqual(3);
      if (told > 0) hits.told += 1;
      if (trulyMs < dueMs) hits.sooner += 1;
      if (isYoung && trulyMs === TTL_MS) hits.quiet += 1;
      if (trulyMs === Infinity) hits.never += 1;
    }),
    { numRuns: 500 },
  );
  console.log('how often each thing happened:', hits);
  expect(Math.min(...Object.values(hits))).toBeGreaterThan(20);
});

const some = (round: number) => [`a${round}`, `b${round}`, `c${round}`];

async function answered<T>(request: T, pass: (ms: number) => Promise<void>): Promise<T> {
  await pass(0);
  return request;
}
