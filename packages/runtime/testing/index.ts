export { GOOD, WRONG } from './asking.ts';
export { fullDiskSuite } from './full-disk-suite.ts';
export type { Difference, ImageToPublish, MovedTo, Published, RuntimeHarness, RuntimeTraits } from './harness.ts';
export { type ImageServer, removeOverCri, startImageServer } from './image-service.ts';
export { imageRuntimeSuite } from './image-runtime-suite.ts';
