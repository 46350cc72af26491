import { imageRuntimeSuite } from './image-runtime-suite.ts';
import { startMemoryHarness } from './memory-harness.ts';

imageRuntimeSuite('the memory runtime', startMemoryHarness, {
  pullsShortNames: true,
  tellsProgress: true,
  countsBytes: true,
  tellsChanges: true,
  differences: {
    'a layer that stops coming': { outcome: 'hangs', because: 'whoever pulls is to notice' },
  },
});
