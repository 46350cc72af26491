import { join } from 'node:path';
import { createCriRuntime, detectRuntime, type ImageRuntime, type Progress } from '@kube-prefetch/runtime';
import { type ImageServer, type RuntimeHarness, startImageServer } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { startContainerdHarness } from './containerd-harness.ts';

/** Held by the image service alone, as one that fetches lazily may hold what containerd does not know. */
const LAZY = 'r.example/lazy:v1';
const never = new AbortController().signal;

const folder = scratchFolder('kp-image-service');
const imageSocket = join(folder.path, 'images.sock');
let harness: RuntimeHarness & { readonly socket: string };
let server: ImageServer;
let runtime: ImageRuntime;

const serve = () => startImageServer(imageSocket, harness.socket, [LAZY]);

beforeAll(async () => {
  harness = await startContainerdHarness({ version: '2.4' });
  server = await serve();
  ({ runtime } = await detectRuntime({ socket: harness.socket, imageSocket, clock: systemClock }));
});

afterAll(async () => {
  await server?.close();
  await harness?.close();
  folder.remove();
});

test("images are pulled, looked at and measured through the image service, and the version is the runtime's own", async () => {
  const image = await harness.publish({});
  const { name } = await runtime.version(never);
  await runtime.pull(image.reference, undefined, () => {}, never);
  const seen = await runtime.look([image.reference, LAZY, 'r.example/absent:v1'], never);
  expect(name).toBe('containerd');
  expect([...seen.values()].map(({ present }) => present)).toEqual([true, true, false]);
  expect(await runtime.space(never)).not.toBe('unknown');
  expect(new Set(server.calls)).toEqual(new Set(['PullImage', 'ImageStatus', 'ImageFsInfo']));
});

test('what only containerd itself tells still comes from its own socket: changes, progress and bytes', async () => {
  const stop = new AbortController();
  const changes = runtime.changes(stop.signal) as AsyncIterable<void>;
  const told = changes[Symbol.asyncIterator]();
  await told.next();
  const image = await harness.publish({ sizeBytes: 6_000_000, bytesPerSecond: 3_000_000 });
  const phases: string[] = [];
  const pulled = await runtime.pull(image.reference, undefined, ({ phase }: Progress) => phases.push(phase), never);
  await told.next();
  stop.abort();
  expect(phases).toContain('downloading');
  expect(await pulled.countBytes(never)).toBeGreaterThan(6_000_000);
});

test('without the image service nothing is called absent, whatever the runtime itself could answer', async () => {
  const image = await harness.publish({});
  await server.close();
  await expect(runtime.look([image.reference], never)).rejects.toThrow(`${imageSocket}: the images: `);
  await expect(runtime.pull(image.reference, undefined, () => {}, never)).rejects.toMatchObject({
    kind: 'RuntimeUnavailable',
  });
  expect(harness.requests(image)).toBe(0);
  server = await serve();
  await runtime.pull(image.reference, undefined, () => {}, never);
  expect(server.calls).toContain('PullImage');
});

test('where no image service is named, the runtime is asked for everything', async () => {
  const before = server.calls.length;
  const own = createCriRuntime({ socket: harness.socket, clock: systemClock });
  await own.version(never);
  expect((await own.look([LAZY], never)).get(LAZY)).toEqual({ present: false });
  expect(server.calls).toHaveLength(before);
});
