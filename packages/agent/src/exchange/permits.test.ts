import { silentLog } from '@kube-prefetch/process';
import { ApiError, type PermitRequest } from '@kube-prefetch/protocol';
import { seededRandom } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createContact } from './attempts.ts';
import { createPermits } from './permits.ts';

const TTL_MS = 30_000;
const ANSWER_AFTER_MS = 4_000;

/** A coordinator that grants whatever is held or wanted, after a while. */
function startPermits() {
  const clock = createVirtualClock();
  const requests: { atMs: number; request: PermitRequest }[] = [];
  const running = new Set<string>();
  let answers = true;
  const permits = createPermits({
    api: {
      async permits(request, signal) {
        requests.push({ atMs: clock.monotonicMs(), request });
        await clock.sleep(ANSWER_AFTER_MS, signal);
        if (!answers) throw new ApiError('Unreachable', 'nobody is there');
        const images = [...request.holding, ...request.wanting.map(({ image }) => image)];
        return { epoch: 1, ttlMs: TTL_MS, granted: images.map(image => ({ image })) };
      },
    },
    clock,
    random: seededRandom(1),
    log: silentLog,
    running: () => running,
    noteSize: () => {},
    newlyGranted: () => {},
    failed: () => {},
    contact: createContact(clock, () => {}),
  });
  const stop = new AbortController();
  const ended = permits.run(stop.signal).catch(() => {});
  onTestFinished(async () => {
    stop.abort(new Error('over'));
    await ended;
  });
  const held = () => [...permits.granted(clock.monotonicMs())];
  return { clock, permits, requests, running, held, goSilent: () => void (answers = false) };
}

const want = (image: string) => [{ image, priority: 0 }];

test('a permit counts from when it was requested, so that it never outlives what the coordinator granted', async () => {
  const { clock, permits, held, goSilent } = startPermits();
  permits.want(want('a'));
  await clock.advance(ANSWER_AFTER_MS);
  expect(held()).toEqual(['a']);
  goSilent();
  await clock.advance(TTL_MS - ANSWER_AFTER_MS - 1);
  expect(held()).toEqual(['a']);
  await clock.advance(1);
  expect(held()).toEqual([]);
});

test('the permit of a running pull is renewed every third of its time, for as long as it runs', async () => {
  const { clock, permits, requests, running, held } = startPermits();
  permits.want(want('a'));
  await clock.advance(ANSWER_AFTER_MS);
  running.add('a');
  permits.want([]);
  await clock.advance(10 * TTL_MS);
  expect(held()).toEqual(['a']);
  const rounds = requests.filter(({ request }) => request.holding.includes('a')).map(({ atMs }) => atMs);
  expect(rounds.length).toBeGreaterThanOrEqual(29);
  expect(rounds.length).toBeLessThanOrEqual(33);
});

test('what neither runs nor is wanted goes back, and then nothing is requested any more', async () => {
  const { clock, permits, requests, held } = startPermits();
  permits.want(want('a'));
  await clock.advance(ANSWER_AFTER_MS);
  permits.want([]);
  await clock.advance(ANSWER_AFTER_MS);
  expect(held()).toEqual([]);
  expect(requests.at(-1)?.request).toMatchObject({ holding: [], wanting: [] });
  const before = requests.length;
  await clock.advance(100 * TTL_MS);
  expect(requests.length).toBe(before);
});
