import { imageRuntimeSuite } from '../image-runtime-suite.ts';
import { startTwinHarness } from './harness.ts';

imageRuntimeSuite('the twin of a runtime', startTwinHarness, {
  pullsShortNames: true,
  tellsProgress: true,
  countsBytes: true,
  tellsChanges: true,
  differences: {
    'a layer that stops coming': { outcome: 'hangs', because: 'whoever pulls is to notice' },
  },
});
