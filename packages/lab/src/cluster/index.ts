export type { ApiClient, TokenOptions } from './api-client.ts';
export type { AuditEvent } from './audit-log.ts';
export { type KubernetesProgram, kubernetesPrograms, type KubernetesVersion } from './kubernetes-programs.ts';
export { type ApiServer, type ApiServerOptions, startApiServer } from './start-api-server.ts';
