import { needDebianPackages, type NeededPackage, type Say } from '../machine/index.ts';
import { dnsProgram } from './dns-program.ts';
import { etcdProgram } from './etcd-program.ts';
import { type KubernetesProgram, kubernetesPrograms, type KubernetesVersion } from './kubernetes-programs.ts';

const PROGRAMS = ['kube-apiserver', 'kube-scheduler', 'kube-controller-manager', 'kubelet', 'kube-proxy'] as const;

const PACKAGES: readonly NeededPackage[] = [
  { package: 'iproute2', program: 'ip', why: 'connect the nodes' },
  { package: 'iptables', program: 'iptables', why: 'route services on each node' },
  { package: 'conntrack', program: 'conntrack', why: 'route services on each node' },
  { package: 'ethtool', program: 'ethtool', why: 'let the kubelet look at its network' },
  { package: 'socat', program: 'socat', why: 'forward ports of pods' },
  { package: 'util-linux', program: 'nsenter', why: 'enter a node' },
  { package: 'mount', program: 'mount', why: 'give each node its own folders' },
  { package: 'curl', program: 'curl', why: 'ask whether servers are ready' },
];

/** Paths by name. */
export type ClusterPrograms = Record<KubernetesProgram | 'etcd' | 'dns', string>;

/** All that runs on the control plane and on nodes, but the runtimes; built and installed where it is missing. */
export async function clusterPrograms(
  version: KubernetesVersion,
  { say }: { say?: Say } = {},
): Promise<ClusterPrograms> {
  await needDebianPackages(PACKAGES, { say });
  const kubernetes = await kubernetesPrograms(version, PROGRAMS, { say });
  return { ...kubernetes, etcd: await etcdProgram({ say }), dns: await dnsProgram({ say }) };
}
