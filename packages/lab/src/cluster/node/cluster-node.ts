import { join } from 'node:path';
import { runIn, type Say } from '../../machine/index.ts';
import { type Containerd, type ContainerdVersion, startContainerd } from '../../runtimes/index.ts';
import { PRIVATE_REGISTRY, REGISTRY } from '../network/addresses.ts';
import type { ClusterPrograms } from '../programs/cluster-programs.ts';
import { type ControlPlane, SANDBOX_IMAGE } from '../control-plane/control-plane.ts';
import { createKubeProxy } from './kube-proxy.ts';
import { createKubelet, type Kubelet, type KubeletSettings, type RegisteredTaint } from './kubelet.ts';
import { type NodeMachine, startNodeMachine } from './node-machine.ts';
import type { Service } from '../../machine/service.ts';

const READY = '180s';

export interface NodeOptions {
  /** Short, as it is a network device's too; `node` and its number if absent. */
  readonly name?: string;
  /** What Debian ships without it. */
  readonly containerd?: ContainerdVersion;
  /** From the moment it registers. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly RegisteredTaint[];
  readonly kubelet?: KubeletSettings;
  /** Its `/` is not shared, as in Docker Desktop and k3d. */
  readonly privateRoot?: boolean;
}

export interface ClusterNode extends Pick<NodeMachine, 'number' | 'name' | 'address' | 'dir' | 'pid' | 'prefix'> {
  /** As this machine sees it. */
  readonly criSocket: string;
  readonly containerd: Containerd;
  readonly kubelet: Kubelet;
  readonly kubeProxy: Service;
  /** Runs a program on it: its network, its mounts; answers its output, throws with what it said. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Ends all of it, its pods too; the API server is not told. */
  close(): Promise<void>;
}

export interface StartNodeOptions extends NodeOptions {
  /** Of the cluster. */
  readonly dir: string;
  readonly number: number;
  readonly programs: ClusterPrograms;
  readonly controlPlane: ControlPlane;
  readonly say?: Say;
}

/** Ready when it answers. */
export async function startClusterNode(options: StartNodeOptions): Promise<ClusterNode> {
  const { dir, number, programs, controlPlane, labels, taints, privateRoot, say } = options;
  const { pki, url, client } = controlPlane;
  await using started = new AsyncDisposableStack();
  const machine = await startNodeMachine({ dir, number, name: options.name, privateRoot, controlPlane });
  started.defer(() => machine.close());
  const containerd = await startContainerd({
    dir: machine.dir,
    version: options.containerd ?? 'debian',
    socket: join(machine.dir, 'run/containerd/containerd.sock'),
    registries: [REGISTRY, PRIVATE_REGISTRY],
    hubMirror: REGISTRY,
    prefix: machine.prefix,
    node: { root: '/var/lib/containerd', state: '/run/containerd', cni: machine.cni, sandboxImage: SANDBOX_IMAGE },
    say,
  });
  started.defer(() => containerd.stop());
  const kubelet = await createKubelet({
    program: programs.kubelet,
    machine,
    pki,
    url,
    labels,
    taints,
    settings: options.kubelet,
  });
  const kubeProxy = await createKubeProxy({ program: programs['kube-proxy'], machine, pki, url });
  for (const service of [kubeProxy, kubelet]) {
    started.defer(() => service.stop());
    await service.start();
  }
  await client.kubectl('wait', '--for=create', `node/${machine.name}`, `--timeout=${READY}`);
  await client.kubectl('wait', '--for=condition=Ready', `node/${machine.name}`, `--timeout=${READY}`);
  const running = started.move();
  return {
    number,
    name: machine.name,
    address: machine.address,
    dir: machine.dir,
    pid: machine.pid,
    prefix: machine.prefix,
    criSocket: containerd.socket,
    containerd,
    kubelet,
    kubeProxy,
    run: (command, ...args) => runIn(machine.prefix, command, args),
    close: () => running.disposeAsync(),
  };
}
