export { type AgentBench, createAgentBench } from './agent-bench.ts';
export { createMemoryStateFile } from './memory-state-file.ts';
export { createScriptedApi, planOf, type ScriptedApi } from './scripted-api.ts';
