import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { POD_RANGE } from '../network/addresses.ts';
import { writeKubeconfig } from '../access/kubeconfig.ts';
import type { NodeMachine } from './node-machine.ts';
import type { Pki } from '../access/pki.ts';
import { createService, type Service } from '../../machine/service.ts';

export async function createKubeProxy(options: {
  program: string;
  machine: NodeMachine;
  pki: Pki;
  url: string;
}): Promise<Service> {
  const { program, machine, pki, url } = options;
  const { name, dir, prefix } = machine;
  const kubeconfig = join(dir, 'kube-proxy.kubeconfig');
  const credential = await pki.issue({ user: 'system:kube-proxy' });
  await writeKubeconfig(kubeconfig, { url, caFile: pki.caFile, credential });
  const configFile = join(dir, 'kube-proxy.json');
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    mode: 'iptables',
    clusterCIDR: POD_RANGE,
    hostnameOverride: name,
    conntrack: { maxPerCore: 0 }, // the machine's, which is not ours to set
  };
  writeFileSync(configFile, JSON.stringify(config));
  return createService({
    name: `kube-proxy ${name}`,
    command: program,
    args: [`--config=${configFile}`],
    logFile: join(dir, 'kube-proxy.log'),
    prefix,
  });
}
