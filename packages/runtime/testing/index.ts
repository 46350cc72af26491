export { GOOD, WRONG } from './failure-cases.ts';
export { fullDiskSuite } from './full-disk-suite.ts';
export type { Difference, ImageToPublish, Published, RuntimeHarness, RuntimeTraits } from './harness.ts';
export { type ImageServer, startImageServer } from './image-service.ts';
export { imageRuntimeSuite } from './image-runtime-suite.ts';
export { removeOverCri } from './remove-over-cri.ts';
