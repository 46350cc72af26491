import { API_VERSION, type ResourceRef, TECHSQUAD_API_VERSION } from '@kube-prefetch/protocol';
import type { KubeKind } from './kube-api.ts';

export const PREFETCHES = namespaced(API_VERSION, 'Prefetch', 'prefetches');
export const CLUSTER_PREFETCHES = clusterWide(API_VERSION, 'ClusterPrefetch', 'clusterprefetches');
/** Another operator's, served where that is asked for. */
export const TECHSQUAD_PREFETCHES = namespaced(TECHSQUAD_API_VERSION, 'Prefetch', 'prefetches');

export const RESOURCES: Readonly<Record<ResourceRef['kind'], KubeKind>> = {
  Prefetch: PREFETCHES,
  ClusterPrefetch: CLUSTER_PREFETCHES,
  'Prefetch.cache.techsquad.rocks': TECHSQUAD_PREFETCHES,
};

export const NAMESPACES = clusterWide('v1', 'Namespace', 'namespaces');
export const NODES = clusterWide('v1', 'Node', 'nodes');
export const DEPLOYMENTS = namespaced('apps/v1', 'Deployment', 'deployments');
export const STATEFUL_SETS = namespaced('apps/v1', 'StatefulSet', 'statefulsets');
export const DAEMON_SETS = namespaced('apps/v1', 'DaemonSet', 'daemonsets');
export const REPLICA_SETS = namespaced('apps/v1', 'ReplicaSet', 'replicasets');
export const CRON_JOBS = namespaced('batch/v1', 'CronJob', 'cronjobs');
export const JOBS = namespaced('batch/v1', 'Job', 'jobs');
/** Absent before Kubernetes 1.34, which has them in v1. */
export const DEVICE_CLASSES = clusterWide('resource.k8s.io/v1', 'DeviceClass', 'deviceclasses');
export const RESOURCE_SLICES = clusterWide('resource.k8s.io/v1', 'ResourceSlice', 'resourceslices');
export const PODS = namespaced('v1', 'Pod', 'pods');
export const PODS_METADATA: KubeKind = { ...PODS, metadataOnly: true };
export const SERVICE_ACCOUNTS = namespaced('v1', 'ServiceAccount', 'serviceaccounts');
export const SECRETS = namespaced('v1', 'Secret', 'secrets');
export const CONFIG_MAPS = namespaced('v1', 'ConfigMap', 'configmaps');
export const LEASES = namespaced('coordination.k8s.io/v1', 'Lease', 'leases');
export const EVENTS = namespaced('v1', 'Event', 'events');

function namespaced(apiVersion: string, kind: string, plural: string): KubeKind {
  return { apiVersion, kind, plural, namespaced: true };
}

function clusterWide(apiVersion: string, kind: string, plural: string): KubeKind {
  return { apiVersion, kind, plural, namespaced: false };
}

/** As kubectl and RBAC write a kind: `deployments.apps`, `nodes`. */
export function kindName({ apiVersion, plural }: KubeKind): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? plural : `${plural}.${group}`;
}
