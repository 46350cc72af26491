export { type AgentApiHarness, createMemoryHarness, type HarnessOptions } from './agent-api-harness.ts';
export { agentApiSuite } from './agent-api-suite.ts';
export { documentedMetrics, registeredMetrics } from './metrics-table.ts';
export { aCell, aPermitRequest, anAgent, aReport, never, want } from './messages.ts';
export { startVirtualLine, type VirtualLine } from './virtual-line.ts';
export { issueCertificate, makeAuthority, redateAuthority } from '../src/tls/make-certificate.ts';
