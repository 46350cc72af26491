import { type FleetShape, type ShapedDeployment, teams } from '../fleet-shape.ts';
import { NAMESPACE, OWN } from '../names.ts';

/** An object of the stand-in's API. */
export interface StandInObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

const APPS = 'apps';

/** By collection, as in a path: `/apis/apps/v1/deployments`. */
export function clusterObjects(shape: FleetShape): Readonly<Record<string, readonly StandInObject[]>> {
  return {
    '/api/v1/nodes': shape.nodes.map(({ name, pool }, i) => node(name, pool, i)),
    '/api/v1/namespaces': ['default', 'kube-system', NAMESPACE, APPS].map(namespace),
    '/apis/apps/v1/deployments': shape.deployments.map(spec => deployment(spec)),
    '/apis/kube-prefetch.io/v1alpha1/clusterprefetches': teams.map(clusterPrefetch),
    '/apis/coordination.k8s.io/v1/leases': [own('coordination.k8s.io/v1', 'Lease')],
    '/api/v1/secrets': [own('v1', 'Secret')],
    '/api/v1/configmaps': [own('v1', 'ConfigMap')],
  };
}

function own(apiVersion: string, kind: string): StandInObject {
  return { apiVersion, kind, metadata: { name: OWN, namespace: NAMESPACE } };
}

export function deployment({ name, team, pool, image }: ShapedDeployment): StandInObject {
  const labels = { app: name, team };
  const container = { name: 'main', image, imagePullPolicy: 'IfNotPresent', ports: [{ containerPort: 8080 }] };
  const template = {
    metadata: { labels },
    spec: { containers: [container], ...(pool !== undefined && { nodeSelector: { 'example.com/pool': pool } }) },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: APPS, labels },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template },
    status: { replicas: 3, readyReplicas: 3 },
  };
}

function clusterPrefetch(team: string): StandInObject {
  return {
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'ClusterPrefetch',
    metadata: { name: team, generation: 1 },
    spec: { workloads: [{ kinds: ['Deployment'], selector: { matchLabels: { team } } }] },
  };
}

function namespace(name: string): StandInObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Images that a Node object names: the kubelet's default is at most 50. */
const IMAGES_OF_NODE = 50;
const ZONES = ['a', 'b', 'c'];

function node(name: string, pool: string, index: number): StandInObject {
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: `Kubelet${type}`,
    message: `kubelet tells about ${type}`,
    lastHeartbeatTime: '2026-01-01T00:00:00Z',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const resources = { cpu: '16', memory: '65536Mi', pods: '110', 'ephemeral-storage': '200Gi', 'hugepages-2Mi': '0' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': 'm16',
        'topology.kubernetes.io/region': 'north',
        'topology.kubernetes.io/zone': `north-${ZONES[index % ZONES.length]}`,
        'example.com/pool': pool,
      },
    },
    spec: { podCIDR: `10.${index >> 8}.${index & 255}.0/24`, providerID: `example:///north/${name}` },
    status: {
      addresses: [
        { type: 'InternalIP', address: `10.200.${index >> 8}.${index & 255}` },
        { type: 'Hostname', address: name },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: [
        ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => condition(type, 'False')),
        condition('Ready', 'True'),
      ],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        containerRuntimeVersion: 'containerd://2.4.2',
        kubeletVersion: 'v1.37.2',
      },
      images: Array.from({ length: IMAGES_OF_NODE }, (_, i) => ({
        names: [`registry.example.com/platform/services/shared-${i}@sha256:${'0123456789abcdef'.repeat(4)}`],
        sizeBytes: 50_000_000 + i,
      })),
    },
  };
}
