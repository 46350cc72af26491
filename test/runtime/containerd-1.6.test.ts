import { fullDiskSuite, imageRuntimeSuite } from '@kube-prefetch/runtime/testing';
import { startContainerdHarness } from './containerd-harness.ts';

imageRuntimeSuite('containerd of Debian', () => startContainerdHarness({ version: 'debian' }), {
  pullsShortNames: true,
  tellsProgress: true,
  countsBytes: true,
  tellsChanges: true,
  differences: {
    'a registry that never answers': { outcome: 'hangs', because: 'there is no timeout before 1.7' },
    'a layer that stops coming': { outcome: 'hangs', because: 'there is no progress timeout before 1.7' },
    'something that is not an image': {
      outcome: 'NotAnImage',
      leavesPresent: true,
      because: 'it is stored before it is found to be none',
    },
  },
});

const CAPACITY_BYTES = 64 * 1024 * 1024;
fullDiskSuite('containerd of Debian', CAPACITY_BYTES, () =>
  startContainerdHarness({ version: 'debian', capacityBytes: CAPACITY_BYTES }),
);
