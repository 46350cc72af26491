export { createLookUpTag, type LookUpTag } from './looks/look-up-tag.ts';
export { type Agent, type AgentParts, createAgent } from './create-agent.ts';
export { createHttpAgentApi, type HttpAgentApiOptions } from './client/http-agent-api.ts';
export { serveHealthAndMetrics } from './ops/health-and-metrics-listener.ts';
export { runAgent } from './run-agent.ts';
export { SavedState, type StateFile } from './memory/state-file.ts';
