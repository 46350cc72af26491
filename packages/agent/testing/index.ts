export { type AgentBench, createAgentBench, type StartedAgent } from './agent-bench.ts';
export { agentParts, aRunningPull } from './builders.ts';
export { createMemoryStateFile } from './memory-state-file.ts';
export { createScriptedApi, type CredentialsOf, planOf, type ScriptedApi } from './scripted-api.ts';
export { type WatchedRuntime, watchRuntime } from './watched-runtime.ts';
export { simulateNode } from './simulate-node.ts';
