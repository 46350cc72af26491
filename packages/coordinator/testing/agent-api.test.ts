import { createSkippingClock } from '@kube-prefetch/time/testing';
import { createMemoryHarness } from './agent-api-harness.ts';
import { agentApiSuite } from './agent-api-suite.ts';

agentApiSuite('in memory', options => createMemoryHarness({ ...options, clock: createSkippingClock() }));
