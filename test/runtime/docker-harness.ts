import { join } from 'node:path';
import { createDockerRuntime } from '@kube-prefetch/runtime';
import type { RuntimeHarness } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { startDockerd } from '../../packages/lab/src/runtimes/index.ts';
import { askEngine } from './ask-engine.ts';
import { mountSmallDisk } from './mount-small-disk.ts';
import { startPublisher } from './publish-images.ts';
import { ANSWER_TIMEOUT_MS, suspend } from './suspend.ts';

export interface DockerHarness extends RuntimeHarness {
  readonly socket: string;
}

/** Its images lie on a file system of `capacityBytes`; on this machine's if absent. */
export async function startDockerHarness(capacityBytes?: number): Promise<DockerHarness> {
  const folder = scratchFolder('kp-suite');
  const dir = join(folder.path, 'd');
  const publisher = await startPublisher();
  if (capacityBytes !== undefined) mountSmallDisk(join(dir, 'data'), capacityBytes);
  const dockerd = await startDockerd({
    dir,
    registries: publisher.addresses,
    hubMirror: publisher.hub,
    maxDownloadAttempts: 2,
  });
  const { socket } = dockerd;
  return {
    ...publisher,
    socket,
    runtime: createDockerRuntime({ socket, clock: systemClock, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    async remove(image) {
      // As `docker image rm` does it; the product itself deletes nothing.
      const status = await askEngine(socket, 'DELETE', `/images/${image}`);
      if (status !== 200) throw new Error(`expected 200 to the deletion of ${image}, got ${status}`);
    },
    stop: () => dockerd.stop(),
    crash: () => dockerd.kill(),
    start: () => dockerd.start(),
    hang: () => suspend(dockerd.pid()),
    async resume() {
      process.kill(dockerd.pid(), 'SIGCONT');
    },
    async close() {
      await dockerd.close();
      await publisher.close();
      folder.remove();
    },
  };
}
