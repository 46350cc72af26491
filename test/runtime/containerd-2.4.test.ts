import { join } from 'node:path';
import { buildImage } from '@kube-prefetch/lab/images';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { startContainerd } from '@kube-prefetch/lab/runtimes';
import { startScriptedRegistry } from '@kube-prefetch/lab/scripted-registry';
import { createCriRuntime, type Progress } from '@kube-prefetch/runtime';
import { fullDiskSuite, imageRuntimeSuite } from '@kube-prefetch/runtime/testing';
import { systemClock } from '@kube-prefetch/time';
import { expect, onTestFinished, test } from 'vitest';
import { startContainerdHarness } from './containerd-harness.ts';
import { holdBack } from './suspend.ts';

/** It holds for all pulls of the suite: none may look stalled because the machine is busy. */
const progressTimeoutSeconds = 10;

imageRuntimeSuite('containerd 2.4', () => startContainerdHarness({ version: '2.4', progressTimeoutSeconds }), {
  pullsShortNames: true,
  tellsProgress: true,
  countsBytes: true,
  tellsChanges: true,
  differences: {
    'something that is not an image': { outcome: 'pulled', because: 'image volumes take artifacts' },
  },
});

const CAPACITY_BYTES = 64 * 1024 * 1024;
fullDiskSuite('containerd 2.4', CAPACITY_BYTES, () =>
  startContainerdHarness({ version: '2.4', capacityBytes: CAPACITY_BYTES }),
);

test('containerd 2.4 shows that a pull downloads, then that it unpacks', async () => {
  const scratch = scratchFolder('kp-phases');
  onTestFinished(() => scratch.remove());
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const containerd = await startContainerd({
    version: '2.4',
    dir: join(scratch.path, 'c'),
    registries: [registry.address],
  });
  onTestFinished(() => containerd.stop());
  // Half a megabyte to download, slowly, and seconds to unpack.
  const image = buildImage({ files: [{ path: 'zeros', contents: Buffer.alloc(400 * 1024 * 1024) }], copies: 2 });
  registry.publish('zeros', '1', image);
  registry.behave('zeros', { blobs: { do: 'trickle', bytesPerSecond: 256 * 1024 } });
  const runtime = createCriRuntime({ socket: containerd.socket, clock: systemClock });
  const never = new AbortController().signal;
  await runtime.version(never);
  const phases: string[] = [];
  // A fast machine would have unpacked before the next look.
  const letGo = holdBack(containerd.pid());
  const tell = ({ phase }: Progress) => {
    if (phase === 'unpacking') letGo();
    if (phases.at(-1) !== phase) phases.push(phase);
  };
  await runtime.pull(`${registry.address}/zeros:1`, undefined, tell, never).finally(letGo);
  expect(phases.filter(phase => phase !== 'resolving')).toEqual(['downloading', 'unpacking']);
});
