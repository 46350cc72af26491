import type { KubeObject } from '@kube-prefetch/cluster';

/** As many as a fleet has kinds of nodes: each has a plan of its own. */
export const POOLS = 40;
/** In the status of a node, of the 50 that a kubelet names at most. */
const IMAGES_IN_STATUS = 25;
const KIB = 1024;
const POOL = 'bench/pool';

export interface Sizes {
  readonly nodes: number;
  readonly deployments: number;
  /** Of all Deployments. */
  readonly pods: number;
}

export function namespaceOf(index: number): string {
  return `team-${index % POOLS}`;
}

/** About as large as a kubelet's. */
export function nodeOf(index: number): KubeObject {
  const name = `node-${String(index).padStart(5, '0')}`;
  const amounts = { cpu: '32', memory: '128Gi', pods: '110', 'ephemeral-storage': '500Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': 'm7i.8xlarge',
        'topology.kubernetes.io/zone': `zone-${index % 3}`,
        [POOL]: `pool-${index % POOLS}`,
      },
    },
    spec: { podCIDR: `10.${index >> 8}.${index & 255}.0/24`, providerID: `bench://${name}` },
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [{ type: 'InternalIP', address: `10.250.${index >> 8}.${index & 255}` }],
      conditions: conditionsAt(new Date(0)),
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: 'v1.37.2',
        kubeProxyVersion: '',
        containerRuntimeVersion: 'containerd://2.4.2',
        osImage: 'Debian GNU/Linux 13',
        kernelVersion: '6.12.0',
        machineID: hexOf(index, 32),
        systemUUID: hexOf(index, 32),
        bootID: hexOf(index, 32),
      },
      images: Array.from({ length: IMAGES_IN_STATUS }, (_, i) => ({
        names: [
          `registry.example/team-${i}/service@sha256:${hexOf(index + i, 64)}`,
          `registry.example/team-${i}/service:v1`,
        ],
        sizeBytes: 40 * KIB * KIB + i,
      })),
    },
  };
}

/** The heartbeat of a kubelet whose node is well changes nothing but times. */
export function conditionsAt(at: Date): readonly object[] {
  const lastHeartbeatTime = `${at.toISOString().slice(0, 19)}Z`;
  const rest = { lastHeartbeatTime, lastTransitionTime: '1970-01-01T00:00:00Z', reason: 'Bench', message: 'as it is' };
  return [
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => ({ type, status: 'False', ...rest })),
    { type: 'Ready', status: 'True', ...rest },
  ];
}

export function imageOf(index: number, version: number): string {
  return `registry.example/${namespaceOf(index)}/service-${index}:v${version}`;
}

/** On the nodes of one pool; the pods of some have a sidecar that many share. */
export function deploymentOf(index: number, { deployments, pods }: Sizes): KubeObject {
  const labels = { app: `service-${index}` };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `service-${index}`, namespace: namespaceOf(index), labels },
    spec: {
      replicas: Math.floor(((index + 1) * pods) / deployments) - Math.floor((index * pods) / deployments),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { [POOL]: `pool-${index % POOLS}` },
          containers: [
            {
              name: 'service',
              image: imageOf(index, 1),
              ports: [{ containerPort: 8080 }],
              env: Array.from({ length: 20 }, (_, i) => ({ name: `SETTING_${i}`, value: `value ${i} of ${index}` })),
              resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
            },
            ...(index % 4 === 0 ? [{ name: 'sidecar', image: 'registry.example/platform/sidecar:v1' }] : []),
          ],
        },
      },
    },
  };
}

/** What every namespace asks for: all images of its Deployments, as written and as pods carry them. */
export function prefetchOf(index: number): KubeObject {
  return {
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { name: 'everything', namespace: namespaceOf(index) },
    spec: { workloads: [{ selector: {} }] },
  };
}

function hexOf(index: number, length: number): string {
  return (index * 2_654_435_761).toString(16).padStart(16, '7').repeat(4).slice(0, length);
}
