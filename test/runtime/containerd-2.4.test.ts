import { fullDiskSuite, imageRuntimeSuite } from '@kube-prefetch/runtime/testing';
import { startContainerdHarness } from './containerd-harness.ts';

imageRuntimeSuite('containerd 2.4', () => startContainerdHarness({ version: '2.4', progressTimeoutSeconds: 2 }), {
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
