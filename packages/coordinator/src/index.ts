export { lead } from './coordinator.ts';
export { type Coordinator, type CoordinatorParts, createCoordinator } from './create-coordinator.ts';
export { adminApp } from './http/admin.ts';
export { agentsApp } from './http/agents.ts';
export { opsApp } from './http/ops.ts';
export { type Listening, listen, type ListenParts } from './http/listen.ts';
export { listenForAgents, type ListenForAgentsParts } from './http/listen-for-agents.ts';
export { createMetrics, type CoordinatorMetrics } from './metrics.ts';
