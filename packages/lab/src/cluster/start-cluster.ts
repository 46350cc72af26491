import { mkdirSync } from 'node:fs';
import { runIn, type Say, sayToStderr } from '../machine/index.ts';
import type { ApiClient } from './access/api-client.ts';
import type { AuditEvent } from './control-plane/audit-log.ts';
import { type ClusterNode, type NodeOptions, startClusterNode } from './node/cluster-node.ts';
import { clusterPrograms } from './programs/cluster-programs.ts';
import type { ClusterRegistry } from './control-plane/cluster-registry.ts';
import { type ControlPlane, startControlPlane } from './control-plane/control-plane.ts';
import type { KubernetesVersion } from './programs/kubernetes-programs.ts';
import type { Service } from '../machine/service.ts';

export interface ClusterOptions {
  /** Belongs into a scratch folder, whose removal ends what is left; its name is unique on this machine. */
  readonly folder: string;
  /** How many, or what is special about each. */
  readonly nodes: number | readonly NodeOptions[];
  readonly version?: KubernetesVersion;
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  readonly say?: Say;
}

/** A real cluster in namespaces of this machine; nothing outside of them reaches it or is reached by it. */
export interface Cluster extends ApiClient {
  /** Those there are, by number. */
  nodes(): readonly ClusterNode[];
  /** Numbered from 1; throws where there is none. */
  node(number: number): ClusterNode;
  /** Ready when it answers; takes the next number. */
  addNode(options?: NodeOptions): Promise<ClusterNode>;
  /** Ends it and deletes its Node. */
  removeNode(number: number): Promise<void>;
  readonly registry: ClusterRegistry;
  readonly apiServer: Service;
  readonly etcd: Service;
  readonly scheduler: Service;
  readonly controllerManager: Service;
  readonly dns: Service;
  /** Of the process that holds the control plane's network open. */
  readonly pid: number;
  /** Runs a program in the control plane's network, from where nodes, pods and services are reached. */
  inControlPlane(command: string, ...args: readonly string[]): Promise<string>;
  auditEvents(): readonly AuditEvent[];
  close(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder: dir, version = '1.37', flags, say = sayToStderr } = options;
  mkdirSync(dir, { recursive: true });
  const programs = await clusterPrograms(version, { say });
  await using started = new AsyncDisposableStack();
  const controlPlane = await startControlPlane({ dir, programs, flags, say });
  started.defer(() => controlPlane.close());
  const nodes = new Map<number, ClusterNode>();
  started.defer(async () => void (await Promise.all([...nodes.values()].map(node => node.close()))));
  let lastNumber = 0;

  const cluster: Cluster = {
    ...controlPlane.client,
    ...servicesOf(controlPlane),
    pid: controlPlane.pid,
    nodes: () => [...nodes.values()].toSorted((a, b) => a.number - b.number),
    node: number => {
      const node = nodes.get(number);
      if (node === undefined) throw new Error(`there is no node ${number}`);
      return node;
    },
    async addNode(nodeOptions = {}) {
      const number = ++lastNumber;
      const node = await startClusterNode({ ...nodeOptions, dir, number, programs, controlPlane, say });
      nodes.set(number, node);
      if (nodes.size === 1) await controlPlane.routeServicesThrough(node.address);
      return node;
    },
    async removeNode(number) {
      const node = cluster.node(number);
      await node.close();
      nodes.delete(number);
      await controlPlane.routeServicesThrough(cluster.nodes()[0]?.address);
      await cluster.kubectl('delete', 'node', node.name);
    },
    inControlPlane: (command, ...args) => runIn(controlPlane.prefix, command, args),
    auditEvents: () => controlPlane.audit.events(),
    close: () => running.disposeAsync(),
  };
  const wanted = typeof options.nodes === 'number' ? Array<NodeOptions>(options.nodes).fill({}) : options.nodes;
  // All of them have come to an end, so that the ones that started are stopped when one did not.
  const outcomes = await Promise.allSettled(wanted.map(node => cluster.addNode(node)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  // No pod can be made in a namespace before it.
  await cluster.kubectl('wait', '--for=create', 'serviceaccount/default', '--timeout=180s');
  const running = started.move();
  return cluster;
}

function servicesOf({ registry, apiServer, etcd, scheduler, controllerManager, dns }: ControlPlane) {
  return { registry, apiServer, etcd, scheduler, controllerManager, dns };
}
