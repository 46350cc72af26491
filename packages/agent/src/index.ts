export { type Agent, type AgentParts, createAgent } from './agent.ts';
export { createHttpAgentApi, type HttpAgentApiOptions } from './client/http-agent-api.ts';
export { runAgent } from './run-agent.ts';
export { SavedState, type StateFile } from './memory/state-file.ts';
