export { type Agent, type AgentParts, createAgent } from './agent.ts';
export { createHttpAgentApi, type HttpAgentApiOptions } from './client/http.ts';
export { runAgent } from './run-agent.ts';
export { SavedState, type StateFile } from './state-file.ts';
