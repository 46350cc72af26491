import { join } from 'node:path';
import { createDockerRuntime, detectRuntime } from '@kube-prefetch/runtime';
import { imageRuntimeSuite, type RuntimeHarness } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { startPodman } from '../../packages/lab/src/runtimes/index.ts';
import { askEngine } from './ask-engine.ts';
import { startPublisher } from './publish-images.ts';
import { ANSWER_TIMEOUT_MS, suspend } from './suspend.ts';

async function startPodmanHarness(): Promise<RuntimeHarness & { readonly socket: string }> {
  const folder = scratchFolder('kp-podman');
  const publisher = await startPublisher();
  const podman = await startPodman({
    dir: join(folder.path, 'p'),
    registries: publisher.addresses,
    hubMirror: publisher.hub,
  });
  const { socket } = podman;
  return {
    ...publisher,
    socket,
    runtime: createDockerRuntime({ socket, clock: systemClock, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    async remove(image) {
      const status = await askEngine(socket, 'DELETE', `/images/${image}`);
      if (status !== 200) throw new Error(`expected 200 to the deletion of ${image}, got ${status}`);
    },
    stop: () => podman.stop(),
    crash: () => podman.kill(),
    start: () => podman.start(),
    hang: () => suspend(podman.pid()),
    async resume() {
      process.kill(podman.pid(), 'SIGCONT');
    },
    async close() {
      await podman.close();
      await publisher.close();
      folder.remove();
    },
  };
}

imageRuntimeSuite('Podman of Debian', startPodmanHarness, {
  pullsShortNames: true,
  tellsChanges: true,
  downloadsForEach: true,
  differences: {
    'a registry that never answers': { outcome: 'hangs', because: 'it waits for an answer for ever' },
    'a layer that stops coming': { outcome: 'hangs', because: 'it waits for the next byte for ever' },
  },
});

let harness: RuntimeHarness & { readonly socket: string };
beforeAll(async () => {
  harness = await startPodmanHarness();
});
afterAll(() => harness?.close());

test('it is found by its socket', async () => {
  const { version } = await detectRuntime({ socket: harness.socket, clock: systemClock });
  expect(version.version).toMatch(/^4\./);
});
