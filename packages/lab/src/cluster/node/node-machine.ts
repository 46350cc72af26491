import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { clearFolder, guardedCgroup, type CommandPrefix, runIn } from '../../machine/index.ts';
import { CONTROL_PLANE, NODE_BITS, nodeAddress, podRangeOf } from '../network/addresses.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { holdNamespaces } from '../network/namespaces.ts';

const CNI_BIN = '/usr/lib/cni';

/** What a node is before anything runs on it: an address, a prefix, folders, a cgroup. */
export interface NodeMachine {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly prefix: CommandPrefix;
  /** Of the process that holds it open. */
  readonly pid: number;
  /** Holds, as this machine sees them, the node's /run as `run` and /var/lib as `lib`. */
  readonly dir: string;
  readonly cgroup: string;
  readonly cni: { readonly binDir: string; readonly confDir: string };
  /** Ends what still runs on it. */
  close(): Promise<void>;
}

export interface NodeMachineOptions {
  /** Of the cluster. */
  readonly dir: string;
  readonly number: number;
  readonly name?: string | undefined;
  readonly privateRoot?: boolean;
  readonly controlPlane: Pick<ControlPlane, 'prefix'>;
}

export async function startNodeMachine(options: NodeMachineOptions): Promise<NodeMachine> {
  const { number, name = `node${number}`, privateRoot = false, controlPlane } = options;
  const dir = join(options.dir, name);
  const address = nodeAddress(number);
  makeFolders(dir, number);
  const logFile = join(options.dir, 'log', `${name}.log`);
  await using started = new AsyncDisposableStack();
  const cgroup = `${basename(options.dir)}-${name}`;
  started.defer(guardedCgroup(cgroup));
  started.defer(() => clearFolder(dir));
  const { prefix, pid, script, close } = await holdNamespaces({ name, kinds: ['net', 'mnt'], logFile });
  started.defer(close);
  await script(mountsOf(dir, privateRoot ? 'private' : 'shared'));
  const connect = (text: string) => runIn(controlPlane.prefix, 'sh', ['-ec', text]);
  await connect(`
    ip link add ${name} type veth peer name eth0 netns ${pid}
    ip link set ${name} master br0 up
    ip route add ${podRangeOf(number)} via ${address}`);
  started.defer(async () => void (await connect(`ip link del ${name}; ip route flush ${podRangeOf(number)}`)));
  await script(networkOf(address));
  const running = started.move();
  return {
    number,
    name,
    address,
    prefix,
    pid,
    dir,
    cgroup,
    cni: { binDir: CNI_BIN, confDir: join(dir, 'cni') },
    close: () => running.disposeAsync(),
  };
}

function makeFolders(dir: string, number: number): void {
  for (const folder of ['run/containerd', 'run/netns', 'lib', 'log/pods', 'cni']) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  for (const folder of ['containerd', 'kubelet', 'kube-prefetch']) mkdirSync(join(dir, 'lib', folder));
  writeFileSync(join(dir, 'cni', '10-bridge.conflist'), JSON.stringify(networkConfig(dir, number)));
}

/** On most nodes `/` is shared: a container may ask to see what is mounted on the node while it runs. */
function mountsOf(dir: string, propagation: 'shared' | 'private'): string {
  return `
    mount --make-r${propagation} /
    mount --bind ${dir}/run /run
    mount --bind ${dir}/lib /var/lib
    mount --bind ${dir}/log /var/log`;
}

function networkOf(address: string): string {
  return `
    ip link set lo up
    ip addr add ${address}/${NODE_BITS} dev eth0
    ip link set eth0 up
    ip route add default via ${CONTROL_PLANE}
    echo 1 >/proc/sys/net/ipv4/ip_forward`;
}

function networkConfig(dir: string, number: number): object {
  const ipam = {
    type: 'host-local',
    dataDir: join(dir, 'ipam'),
    ranges: [[{ subnet: podRangeOf(number) }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
