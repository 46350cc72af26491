export {
  type KubeApi,
  KubeApiError,
  type KubeEvent,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type KubeWrite,
  type ObjectName,
} from './api/kube-api.ts';
export type { CountedRequest } from './api/count-request.ts';
export { createSeenStatuses } from './status/detect-overwrites.ts';
export { createKubernetesSource } from './source/kubernetes-source.ts';
export { createKubernetesStatusSink, type KubernetesStatusSinkOptions } from './status/kubernetes-status-sink.ts';
export {
  createKubernetesCertificates,
  type KubernetesCertificatesParts,
} from './trust/kubernetes-certificates.ts';
export { createLeaseLeadership, type LeaseLeadershipParts } from './leadership/lease-leadership.ts';
export { createTokenIdentity, type TokenIdentityParts } from './trust/token-identity.ts';
export { CLUSTER_PREFETCHES, DEPLOYMENTS, LEASES, NAMESPACES, NODES, PREFETCHES } from './api/kinds.ts';
export { createManifestsSource, type ManifestsSourceOptions } from './manifests/manifests-source.ts';
export { createManifestsStatusSink, type ManifestsStatusSinkOptions } from './manifests/status-sink.ts';
export { alwaysLeader } from './leadership/always-leader.ts';
export type { CertificateStore, KeptAuthority } from './ports/certificate-store.ts';
export type { ClusterSource } from './ports/cluster-source.ts';
export type { Leadership, Term } from './ports/leadership.ts';
export type { AgentIdentity, NodeIdentity } from './ports/node-identity.ts';
export type { StatusEvent, StatusSink } from './ports/status-sink.ts';
