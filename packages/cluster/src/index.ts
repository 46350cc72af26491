export type { CountedRequest } from './api/count-request.ts';
export { CLUSTER_PREFETCHES, DEPLOYMENTS, LEASES, NAMESPACES, NODES, PREFETCHES } from './api/kinds.ts';
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
export { alwaysLeader } from './leadership/always-leader.ts';
export { createLeaseLeadership, type LeaseLeadershipParts } from './leadership/lease-leadership.ts';
export {
  createManifestsSource,
  type ManifestsSource,
  type ManifestsSourceOptions,
} from './manifests/manifests-source.ts';
export { type ReadManifests, readManifests } from './manifests/read-manifests.ts';
export { createManifestsStatusSink, type ManifestsStatusSinkOptions } from './manifests/status-files.ts';
export type { Leadership, Term } from './ports/leadership.ts';
export type { ClusterSource, StatusEvent, StatusSink } from './ports/source-and-sink.ts';
export { createNodeTaints, type NodeTaints } from './status/node-taints.ts';
export { createAgentPods } from './trust/agent-pods.ts';
export type {
  AgentIdentity,
  AgentPod,
  AgentPods,
  CertificateStore,
  FoundPod,
  KeptAuthority,
  KeyPair,
  NodeIdentity,
} from './ports/trust.ts';
export type { ReadSecret, SecretReader } from './ports/secret-reader.ts';
export { createKubernetesSource } from './source/kubernetes-source.ts';
export { createOverwriteDetector } from './status/detect-overwrites.ts';
export { createKubernetesStatusSink, type KubernetesStatusSinkOptions } from './status/kubernetes-status-sink.ts';
export { createKubernetesCertificates, type KubernetesCertificatesParts } from './trust/kubernetes-certificates.ts';
export type { KindRow, WorkloadKinds } from './workload-kinds/kind-row.ts';
export { KNOWN_KINDS } from './workload-kinds/known-kinds.ts';
export { parseWorkloadKinds } from './workload-kinds/parse-workload-kinds.ts';
export { parsePodPlacement } from './to-state/index.ts';
export { createKubernetesSecrets } from './trust/kubernetes-secrets.ts';
export { createTokenIdentity, type TokenIdentityParts } from './trust/token-identity.ts';
