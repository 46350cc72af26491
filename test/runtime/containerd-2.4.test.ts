import { fullDiskSuite, imageRuntimeSuite } from '@kube-prefetch/runtime/testing';
import { startContainerdHarness } from './containerd-harness.ts';

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
