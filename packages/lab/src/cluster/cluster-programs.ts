import type { Say } from '../machine/index.ts';
import { need } from '../set-up/index.ts';
import { dnsProgram } from './dns-program.ts';
import { etcdProgram } from './etcd-program.ts';
import { type KubernetesProgram, kubernetesPrograms, type KubernetesVersion } from './kubernetes-programs.ts';

const PROGRAMS = ['kube-apiserver', 'kube-scheduler', 'kube-controller-manager', 'kubelet', 'kube-proxy'] as const;

/** Paths by name. */
export type ClusterPrograms = Record<KubernetesProgram | 'etcd' | 'dns', string>;

/** All that runs on the control plane and on nodes, but the runtimes; built and installed where it is missing. */
export async function clusterPrograms(
  version: KubernetesVersion,
  { say }: { say?: Say } = {},
): Promise<ClusterPrograms> {
  await need('cluster', { say });
  const kubernetes = await kubernetesPrograms(version, PROGRAMS, { say });
  return { ...kubernetes, etcd: await etcdProgram({ say }), dns: await dnsProgram({ say }) };
}
