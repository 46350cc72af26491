export { type AgentApiHarness, createMemoryHarness, type HarnessOptions } from './agent-api-harness.ts';
export { agentApiSuite } from './agent-api-suite.ts';
export { createStateSource, type StateSource } from './state-source.ts';
