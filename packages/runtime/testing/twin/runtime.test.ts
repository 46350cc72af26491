import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Progress, PullFailure } from '../../src/image-runtime.ts';
import { createTwinRegistry } from './registry.ts';
import { createTwinRuntime } from './runtime.ts';

const MB = 1_000_000;
const never = new AbortController().signal;
const ignore = () => {};

function setUp() {
  const clock = createVirtualClock();
  const runtime = createTwinRuntime({ clock });
  return { clock, runtime, registry: runtime.registry };
}

/** So that a rejection is an answer: an unawaited one would end the test run. */
const settled = (pull: Promise<unknown>): Promise<unknown> => pull.catch((error: PullFailure) => error.kind);

test('a pull takes as long as its bytes and tells how far it is', async () => {
  const { clock, runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 10 * MB, bytesPerSecond: 5 * MB });
  const told: Progress[] = [];
  const pull = runtime.pull('app:1', undefined, progress => told.push(progress), never);
  await clock.advance(1_000);
  expect(told.at(-1)).toEqual({ phase: 'downloading', doneBytes: 5 * MB, totalBytes: 10 * MB });
  expect((await runtime.look(['app:1'], never)).get('app:1')).toEqual({ present: false });
  await clock.advance(1_000);
  expect(await (await pull).countBytes(never)).toBe(10 * MB);
  expect(told.map(({ phase }) => phase)).toEqual(['resolving', ...Array(21).fill('downloading'), 'unpacking']);
  expect((await runtime.look(['app:1'], never)).get('app:1')).toMatchObject({ present: true, sizeBytes: 10 * MB });
});

test.each([
  ['nginx', 'docker.io/library/nginx:latest', true],
  ['nginx:1', 'nginx', false],
  ['r.example/app:1', 'r.example/other:1', false],
])('after a pull of %s, %s is present: %s', async (pulled, asked, present) => {
  const { runtime, registry } = setUp();
  registry.publish(pulled, { sizeBytes: 1 });
  await runtime.pull(pulled, undefined, ignore, never);
  expect((await runtime.look([asked], never)).get(asked)?.present).toBe(present);
});

test('with tag and digest together the digest decides and the tag is not there', async () => {
  const { runtime, registry } = setUp();
  const digest = `sha256:${'a'.repeat(64)}`;
  registry.publish('r.example/app:1', { sizeBytes: 1, digest });
  await runtime.pull(`r.example/app:9@${digest}`, undefined, ignore, never);
  const asked = [`r.example/app:9@${digest}`, `r.example/app@${digest}`, 'r.example/app:9', 'r.example/app:1'];
  expect([...(await runtime.look(asked, never)).values()].map(({ present }) => present)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('pulls of one image at once download once, and one that is cancelled leaves the others alone', async () => {
  const { clock, runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 10 * MB, bytesPerSecond: 10 * MB });
  const impatient = new AbortController();
  const first = settled(runtime.pull('app:1', undefined, ignore, impatient.signal));
  const second = runtime.pull('app:1', undefined, ignore, never);
  await clock.advance(500);
  expect(runtime.running()).toEqual(['app:1', 'app:1']);
  impatient.abort();
  await clock.advance(500);
  expect(await first).toBe('Cancelled');
  expect(await (await second).countBytes(never)).toBe(0);
  expect(registry.requests('app:1')).toBe(2);
});

test('a pull that everybody cancelled stops, and the next one starts anew', async () => {
  const { clock, runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 10 * MB, bytesPerSecond: 10 * MB });
  const impatient = new AbortController();
  const first = settled(runtime.pull('app:1', undefined, ignore, impatient.signal));
  await clock.advance(500);
  impatient.abort();
  expect(await first).toBe('Cancelled');
  expect(clock.sleepers()).toBe(0);
  const second = runtime.pull('app:1', undefined, ignore, never);
  await clock.advance(1_000);
  expect(await (await second).countBytes(never)).toBe(10 * MB);
});

test('a present image is pulled again with one request and no bytes, until its tag moves', async () => {
  const { runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: MB });
  await runtime.pull('app:1', undefined, ignore, never);
  expect(await (await runtime.pull('app:1', undefined, ignore, never)).countBytes(never)).toBe(0);
  registry.publish('app:1', { sizeBytes: 2 * MB });
  expect(await (await runtime.pull('app:1', undefined, ignore, never)).countBytes(never)).toBe(2 * MB);
  expect(registry.requests()).toBe(3);
  expect(runtime.pulls('app:1')).toBe(3);
});

test.each([
  ['is not published', 'absent:1', undefined, 'NotFound'],
  ['is no reference', 'Upper:1', undefined, 'InvalidReference'],
  ['is private and nobody is named', 'private:1', undefined, 'Unauthorized'],
  ['is private and the password is wrong', 'private:1', { username: 'u', password: 'no' }, 'Unauthorized'],
  ['is larger than the disk', 'huge:1', undefined, 'DiskFull'],
  ['always fails', 'corrupt:1', undefined, 'Corrupt'],
])('a pull fails with its kind when the image %s', async (_case, image, auth, kind) => {
  const { runtime, registry } = setUp();
  registry.publish('private:1', { sizeBytes: 1, credentials: { username: 'u', password: 'p' } });
  registry.publish('huge:1', { sizeBytes: 1e12 });
  registry.publish('corrupt:1', { sizeBytes: 1, failure: { kind: 'Corrupt', afterBytes: 1 } });
  expect(await settled(runtime.pull(image, auth, ignore, never))).toBe(kind);
  expect((await runtime.look([image], never)).get(image)).toEqual({ present: false });
});

test('a scripted failure happens as often as told, and its text is scrubbed', async () => {
  const { runtime, registry } = setUp();
  const auth = { username: 'robot', password: 'hunter2' };
  registry.publish('app:1', { sizeBytes: 1 });
  registry.failNext('app:1', { kind: 'RateLimited', message: 'slow down, hunter2' }, 2);
  for (let time = 0; time < 2; time += 1) {
    await expect(runtime.pull('app:1', auth, ignore, never)).rejects.toMatchObject({
      kind: 'RateLimited',
      message: 'slow down, ***',
    });
  }
  expect(await (await runtime.pull('app:1', auth, ignore, never)).countBytes(never)).toBe(1);
});

test('a failure can leave behind what the runtime calls present', async () => {
  const { runtime, registry } = setUp();
  registry.publish('chart:1', { sizeBytes: 9, failure: { kind: 'NotAnImage', afterBytes: 9, leavesPresent: true } });
  expect(await settled(runtime.pull('chart:1', undefined, ignore, never))).toBe('NotAnImage');
  expect((await runtime.look(['chart:1'], never)).get('chart:1')?.present).toBe(true);
});

test('a body that stalls keeps the pull running until it is cancelled', async () => {
  const { clock, runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 10 * MB, bytesPerSecond: MB, stallAfterBytes: MB });
  const watchdog = new AbortController();
  const told: Progress[] = [];
  const pull = settled(runtime.pull('app:1', undefined, progress => told.push(progress), watchdog.signal));
  await clock.advance(3_600_000);
  expect(told.at(-1)?.doneBytes).toBe(MB);
  watchdog.abort();
  expect(await pull).toBe('Cancelled');
});

test('a stopped runtime fails its pulls and every question until it is started', async () => {
  const { clock, runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 10 * MB, bytesPerSecond: MB });
  const pull = settled(runtime.pull('app:1', undefined, ignore, never));
  await clock.advance(1_000);
  runtime.stop();
  expect(await pull).toBe('RuntimeUnavailable');
  expect(await settled(runtime.pull('app:1', undefined, ignore, never))).toBe('RuntimeUnavailable');
  await expect(runtime.look(['app:1'], never)).rejects.toThrow('start it');
  await expect(runtime.space(never)).rejects.toThrow('start it');
  runtime.start();
  expect(await runtime.version(never)).toEqual({ name: 'twin', version: '1.0.0' });
});

test('a hanging runtime answers nothing until it is started or the caller gives up', async () => {
  const { clock, runtime } = setUp();
  runtime.hang();
  const impatient = new AbortController();
  const given = runtime.look(['app:1'], impatient.signal);
  const patient = runtime.look(['app:1'], never);
  impatient.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  runtime.start();
  expect((await patient).get('app:1')).toEqual({ present: false });
  expect(clock.sleepers()).toBe(0);
});

test('changes tell of pulls and deletions, end with the signal, and throw when the runtime stops', async () => {
  const { runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 1 });
  const done = new AbortController();
  const changes = watch(runtime.changes(done.signal));
  await changes.next();
  await runtime.pull('app:1', undefined, ignore, never);
  expect(await changes.next()).toEqual({ done: false, value: undefined });
  runtime.remove('app:1');
  expect(await changes.next()).toEqual({ done: false, value: undefined });
  done.abort();
  expect(await changes.next()).toEqual({ done: true, value: undefined });

  const broken = watch(runtime.changes(never));
  await broken.next();
  runtime.stop();
  runtime.start();
  await expect(broken.next()).rejects.toThrow('stopped');
});

test('space counts contents with two names once, and what else is on the disk', async () => {
  const registry = createTwinRegistry();
  const runtime = createTwinRuntime({ clock: createVirtualClock(), registry, capacityBytes: 100, usedBytes: 10 });
  const digest = `sha256:${'b'.repeat(64)}`;
  for (const image of ['one:1', 'two:1']) {
    registry.publish(image, { sizeBytes: 20, digest });
    await runtime.pull(image, undefined, ignore, never);
  }
  expect(await runtime.space(never)).toEqual({ usedBytes: 30, capacityBytes: 100 });
  runtime.setUsed(50);
  expect(await runtime.space(never)).toEqual({ usedBytes: 70, capacityBytes: 100 });
});

test('a stopped registry refuses, and counts no request', async () => {
  const { runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 1 });
  registry.stop();
  expect(await settled(runtime.pull('app:1', undefined, ignore, never))).toBe('RegistryUnavailable');
  expect(registry.requests()).toBe(0);
  registry.start();
  registry.withdraw('app:1');
  expect(await settled(runtime.pull('app:1', undefined, ignore, never))).toBe('NotFound');
});

function watch(changes: AsyncIterable<void> | 'unsupported'): AsyncIterator<void> {
  if (changes === 'unsupported') throw new Error('the twin tells its changes');
  return changes[Symbol.asyncIterator]();
}

test('publishing an image again ends the failures that were scripted for it', async () => {
  const { runtime, registry } = setUp();
  registry.publish('app:1', { sizeBytes: 1 });
  registry.failNext('app:1', { kind: 'NotFound' }, 20);
  expect(await settled(runtime.pull('app:1', undefined, ignore, never))).toBe('NotFound');
  registry.publish('app:1', { sizeBytes: 1 });
  expect(await (await runtime.pull('app:1', undefined, ignore, never)).countBytes(never)).toBe(1);
});
