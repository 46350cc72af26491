import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCriRuntime } from '@kube-prefetch/runtime';
import { type RuntimeHarness, removeOverCri } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { type ContainerdVersion, startContainerd } from '../../packages/lab/src/runtimes/index.ts';
import { mountSmallDisk } from './mount-small-disk.ts';
import { startPublisher } from './publish-images.ts';
import { ANSWER_TIMEOUT_MS, suspend } from './suspend.ts';

export interface ContainerdHarnessOptions {
  readonly version: ContainerdVersion;
  readonly progressTimeoutSeconds?: number;
  /** Its images lie on a file system of this size; on this machine's if absent. */
  readonly capacityBytes?: number;
}

export async function startContainerdHarness(
  options: ContainerdHarnessOptions,
): Promise<RuntimeHarness & { readonly socket: string }> {
  const folder = scratchFolder('kp-suite');
  const dir = join(folder.path, 'c');
  const publisher = await startPublisher();
  if (options.capacityBytes !== undefined) mountSmallDisk(join(dir, 'root'), options.capacityBytes);
  writeHubMirror(dir, publisher.hub);
  const containerd = await startContainerd({ ...options, dir, registries: publisher.addresses });
  const runtime = createCriRuntime({
    socket: containerd.socket,
    clock: systemClock,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
  });
  await runtime.version(new AbortController().signal);
  return {
    ...publisher,
    socket: containerd.socket,
    runtime,
    remove: image => removeOverCri(containerd.socket, image),
    stop: () => containerd.stop(),
    crash: () => containerd.kill(),
    start: () => containerd.start(),
    hang: () => suspend(containerd.pid()),
    async resume() {
      process.kill(containerd.pid(), 'SIGCONT');
    },
    async close() {
      await containerd.stop();
      await publisher.close();
      folder.remove();
    },
  };
}

/** Docker Hub's names come from the suite's registry. 1.6 heeds only the host here, and `server` keeps 2.x from asking the Hub. */
function writeHubMirror(dir: string, address: string): void {
  const url = `http://${address}`;
  const folder = join(dir, 'certs.d', 'docker.io');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'hosts.toml'),
    `server = "${url}"\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
}
