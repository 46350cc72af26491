import { seededRandom } from '@kube-prefetch/time';
import { expect, test } from 'vitest';
import { createMemory } from './memory.ts';

const MINUTE = 60_000;
const plan = (...images: string[]) => ({
  revision: images.join(),
  complete: true,
  items: images.map(image => ({ image, priority: 0, start: true })),
});
const absent = new Map([['a', { present: false }]] as const);
const present = new Map([['a', { present: true, id: 'sha256:1', sizeBytes: 1, digests: [] }]] as const);
const failed = { result: 'failed', failure: { kind: 'NotFound', message: 'no such tag' } } as const;
const idle = new Map<string, unknown>();

function start() {
  const memory = createMemory({ random: seededRandom(1), changed: () => {} });
  memory.adopt(plan('a'));
  return memory;
}

test('a name that appears while we pull is no success: the failures before stay until the pull has ended', () => {
  const memory = start();
  memory.notePull('a', failed, 0);
  memory.noteLook(present, new Map([['a', {}]]), 1);
  expect(memory.histories().get('a')?.failure?.count).toBe(1);
  memory.notePull('a', failed, 2);
  expect(memory.histories().get('a')?.failure?.count).toBe(2);
});

test('an image that leaves the plan and comes back is not tried sooner for it', () => {
  const memory = start();
  memory.notePull('a', failed, 0);
  const retryAtMs = memory.histories().get('a')?.failure?.retryAtMs;
  memory.adopt(plan('b'));
  memory.noteLook(new Map(), idle, 1);
  memory.adopt(plan('a'));
  expect(memory.noteLook(absent, idle, 2).get('a')?.failure?.retryAtMs).toBe(retryAtMs);
});

test('nor is it believed to be whole where a pull of ours broke it, however long it was away', () => {
  const memory = start();
  memory.notePull('a', { result: 'failed', failure: { kind: 'Corrupt', message: 'wrong bytes' } }, 0);
  memory.adopt(plan('b'));
  memory.noteLook(new Map(), idle, 10_000 * MINUTE);
  memory.adopt(plan('a'));
  expect(memory.noteLook(present, idle, 10_001 * MINUTE).get('a')?.suspect).toBeDefined();
});

test('what left the plan is forgotten once nothing hangs on it', () => {
  const memory = start();
  memory.notePull('a', failed, 0);
  memory.noteSize('a', 7);
  memory.adopt(plan('b'));
  expect(memory.noteLook(new Map(), idle, 10_000 * MINUTE).has('a')).toBe(false);
  expect(memory.sizes().has('a')).toBe(false);
});
