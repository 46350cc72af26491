import { agentApiSuite } from './agent-api-suite.ts';
import { createMemoryHarness } from './agent-api-harness.ts';

agentApiSuite('in memory', createMemoryHarness);
