export {
  type KubeApi,
  KubeApiError,
  type KubeEvent,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type KubeWrite,
  type ObjectName,
} from './kubernetes/api.ts';
export type { CountedRequest } from './kubernetes/count-request.ts';
export { createSeenStatuses } from './kubernetes/seen-statuses.ts';
export { createKubernetesSource } from './kubernetes/source.ts';
export { createKubernetesStatusSink, type KubernetesStatusSinkOptions } from './kubernetes/status-sink.ts';
export {
  createKubernetesCertificates,
  type KubernetesCertificatesParts,
} from './kubernetes/certificate-authority.ts';
export { createLeaseLeadership, type LeaseLeadershipParts } from './kubernetes/leadership.ts';
export { createTokenIdentity, type TokenIdentityParts } from './kubernetes/token-identity.ts';
export { CLUSTER_PREFETCHES, DEPLOYMENTS, LEASES, NAMESPACES, NODES, PREFETCHES } from './kubernetes/kinds.ts';
export { createMemoryApi, type MemoryApi } from './kubernetes/memory-api.ts';
export { createManifestsSource, type ManifestsSourceOptions } from './manifests/manifests-source.ts';
export { createManifestsStatusSink, type ManifestsStatusSinkOptions } from './manifests/status-sink.ts';
export { alwaysLeader } from './memory/always-leader.ts';
export { createMemorySource, type MemorySource } from './memory/memory-source.ts';
export {
  createMemoryStatusSink,
  type MemoryStatusSink,
  type MemoryStatusSinkOptions,
} from './memory/memory-status-sink.ts';
export type { CertificateStore, KeptAuthority } from './ports/certificate-store.ts';
export type { ClusterSource } from './ports/cluster-source.ts';
export type { Leadership, Term } from './ports/leadership.ts';
export type { AgentIdentity, NodeIdentity } from './ports/node-identity.ts';
export type { StatusEvent, StatusSink } from './ports/status-sink.ts';
