import { afterAll, beforeAll, describe } from 'vitest';
import { cancelTests } from './cancel-tests.ts';
import { changeTests } from './change-tests.ts';
import { credentialTests } from './credential-tests.ts';
import { failureTests } from './failure-tests.ts';
import type { RuntimeHarness, RuntimeTraits } from './harness.ts';
import { lookTests } from './look-tests.ts';
import { outageTests } from './outage-tests.ts';
import { pullTests } from './pull-tests.ts';
import { referenceTests } from './reference-tests.ts';

/** What every ImageRuntime does, real ones and the twin alike. One harness for all: each test publishes its own images. */
export function imageRuntimeSuite(
  name: string,
  makeHarness: () => Promise<RuntimeHarness>,
  traits: RuntimeTraits = {},
): void {
  describe(name, () => {
    let made: RuntimeHarness | undefined;
    beforeAll(async () => {
      made = await makeHarness();
    });
    afterAll(() => made?.close());
    const harness = () => made as RuntimeHarness;

    referenceTests(harness, traits);
    lookTests(harness);
    pullTests(harness, traits);
    credentialTests(harness);
    failureTests(harness, traits);
    cancelTests(harness);
    changeTests(harness, traits);
    outageTests(harness);
  });
}
