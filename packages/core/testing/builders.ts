import type { PrefetchSpec } from '@kube-prefetch/protocol';
import type { ClusterState, Node, PodSpec, Resource, Workload } from '@kube-prefetch/core';

/** A Ready Linux node without taints. */
export function aNode(parts: Partial<Node> = {}): Node {
  return {
    name: 'node-1',
    labels: {},
    taints: [],
    unschedulable: false,
    deleting: false,
    ready: true,
    pressures: [],
    extendedResources: {},
    ...parts,
  };
}

/** A pod of one container with the image `web:1`. */
export function aPod(parts: Partial<PodSpec> = {}): PodSpec {
  return {
    containers: [{ image: 'web:1' }],
    initContainers: [],
    imageVolumes: [],
    tolerations: [],
    extendedResources: {},
    ...parts,
  };
}

/** Deployment shop/web; `pod` may name only the parts that matter. */
export function aWorkload({
  pod,
  ...parts
}: Partial<Omit<Workload, 'pod'>> & { pod?: Partial<PodSpec> } = {}): Workload {
  return {
    group: 'apps',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    labels: {},
    finished: false,
    pod: aPod(pod),
    ...parts,
  };
}

/** Prefetch shop/web, accepted, asking for nothing; `spec` may name only the parts that matter. */
export function aResource({
  spec,
  ...parts
}: Partial<Omit<Resource, 'spec'>> & { spec?: Partial<PrefetchSpec> } = {}): Resource {
  return {
    ref: { kind: 'Prefetch', namespace: 'shop', name: 'web' },
    generation: 1,
    spec: {
      images: [],
      workloads: [],
      exclude: [],
      rewrite: [],
      imagePullSecrets: [],
      priority: 0,
      suspend: false,
      ...spec,
    },
    problems: [],
    ...parts,
  };
}

/** An empty cluster, read completely. */
export function aState(parts: Partial<ClusterState> = {}): ClusterState {
  return {
    resources: [],
    workloads: [],
    namespaces: [],
    nodes: [],
    deviceClasses: [],
    resourceSlices: [],
    gaps: [],
    ...parts,
  };
}
