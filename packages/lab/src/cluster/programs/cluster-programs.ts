import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Say } from '../../machine/index.ts';
import { goBuild, need } from '../../set-up/index.ts';
import { type KubernetesProgram, type KubernetesVersion, kubernetesPrograms } from './kubernetes-programs.ts';

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

const MODULE = 'go.etcd.io/etcd/server/v3';

export async function etcdProgram({ say }: { say?: Say } = {}): Promise<string> {
  const folder = await goBuild({
    name: 'etcd',
    module: MODULE,
    version: 'v3.6.14',
    packages: [MODULE],
    takes: 'about a minute on 2 cores',
    say,
  });
  return join(folder, 'server'); // as Go names the program of such an import path
}

/** CoreDNS with the few plugins that a cluster needs. */
async function dnsProgram({ say }: { say?: Say } = {}): Promise<string> {
  const source = fileURLToPath(new URL('dns', import.meta.url));
  return join(await goBuild({ name: 'dns', source, takes: 'about 2 minutes on 2 cores', say }), 'dns');
}
