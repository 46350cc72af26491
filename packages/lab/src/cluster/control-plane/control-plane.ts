import { join } from 'node:path';
import { type CommandPrefix, type Say } from '../../machine/index.ts';
import { CONTROL_PLANE, POD_RANGE, REGISTRY, SERVICE_RANGE } from '../network/addresses.ts';
import { type ApiClient, createApiClient } from '../access/api-client.ts';
import { createApiServerService } from './api-server-service.ts';
import { type AuditLog, createAuditLog } from './audit-log.ts';
import { type ClusterRegistry, startClusterRegistry } from './cluster-registry.ts';
import type { ClusterPrograms } from '../programs/cluster-programs.ts';
import { createControllerManager, createScheduler } from './control-loops.ts';
import { createDns } from './dns.ts';
import { createEtcd, type Etcd } from './etcd.ts';
import { holdNamespaces } from '../network/namespaces.ts';
import { createPki, type Pki } from '../access/pki.ts';
import { podImage } from '../programs/pod-image.ts';
import type { Service } from '../../machine/service.ts';

const PORT = 6443;
const BRIDGE_MAC = '02:00:0a:c8:00:01';

export interface ControlPlane {
  readonly prefix: CommandPrefix;
  /** Of the process that holds its network open. */
  readonly pid: number;
  readonly url: string;
  readonly pki: Pki;
  readonly client: ApiClient;
  readonly audit: AuditLog;
  readonly registry: ClusterRegistry;
  readonly etcd: Etcd;
  readonly apiServer: Service;
  readonly scheduler: Service;
  readonly controllerManager: Service;
  readonly dns: Service;
  /** Gives services, and so webhooks, a way through a node's kube-proxy; without an address none. */
  routeServicesThrough(address: string | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly dir: string;
  readonly programs: ClusterPrograms;
  readonly flags?: readonly string[];
  readonly say?: Say;
}

/** Everything of a cluster but its nodes, in a network of its own in which it is the nodes' bridge and router. */
export async function startControlPlane({
  dir,
  programs,
  flags = [],
  say,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const logFile = join(dir, 'log', 'control-plane.log');
  await using started = new AsyncDisposableStack();
  const namespaces = await holdNamespaces({ name: 'control plane', kinds: ['net'], logFile });
  started.defer(() => namespaces.close());
  const { prefix, pid, script } = namespaces;
  await script(NETWORK);
  const pki = await createPki(join(dir, 'pki'), { say });
  const url = `https://${CONTROL_PLANE}:${PORT}`;
  const client = await createApiClient({ dir, prefix, url, pki, say });
  const audit = createAuditLog(dir);
  const etcd = createEtcd({ dir, program: programs.etcd, prefix, clientPort: 2379, peerPort: 2380 });
  const apiServer = await createApiServerService({
    dir,
    program: programs['kube-apiserver'],
    prefix,
    address: CONTROL_PLANE,
    port: PORT,
    etcdUrl: etcd.url,
    pki,
    flags: [...audit.args, ...flags],
    ready: () => client.kubectl('get', '--raw', '/readyz'),
  });
  const loop = { dir, prefix, pki, kubeconfigFor: (user: string) => client.kubeconfigFor(user) };
  const scheduler = await createScheduler({ ...loop, program: programs['kube-scheduler'] });
  const controllerManager = await createControllerManager({ ...loop, program: programs['kube-controller-manager'] });
  const dns = createDns({ dir, program: programs.dns, prefix, kubeconfig: client.kubeconfig });
  const registry = await startClusterRegistry({ dir, prefix, say });
  started.defer(() => registry.close());
  await registry.push('pod', 'latest', await podImage({ say }));
  for (const service of [etcd, apiServer, scheduler, controllerManager, dns]) {
    started.defer(() => service.stop());
    await service.start();
  }
  const running = started.move();
  return {
    prefix,
    pid,
    url,
    pki,
    client,
    audit,
    registry,
    etcd,
    apiServer,
    scheduler,
    controllerManager,
    dns,
    async routeServicesThrough(address) {
      const route = address === undefined ? `del ${SERVICE_RANGE}` : `replace ${SERVICE_RANGE} via ${address}`;
      await script(`ip route ${route}`);
    },
    close: () => running.disposeAsync(),
  };
}

/** The sandbox image of every pod. */
export const SANDBOX_IMAGE = `${REGISTRY}/pod:latest`;

/**
 * Packets between pods of two nodes come and go through one bridge, so the kernel must not send ICMP redirects. Without an address of its
 * own a bridge has the lowest of its ports': when that node leaves, the others reach nothing for half a minute, until they ask for it anew.
 */
const NETWORK = `
ip link set lo up
ip link add br0 address ${BRIDGE_MAC} type bridge
ip addr add ${CONTROL_PLANE}/24 dev br0
ip link set br0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
echo 0 >/proc/sys/net/ipv4/conf/br0/send_redirects
ip route add unreachable ${POD_RANGE}
`;
