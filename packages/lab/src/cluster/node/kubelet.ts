import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROL_PLANE, DOMAIN } from '../network/addresses.ts';
import { writeKubeconfig } from '../access/kubeconfig.ts';
import type { NodeMachine } from './node-machine.ts';
import type { Certificate, Pki } from '../access/pki.ts';
import { createService, type Service } from '../../machine/service.ts';

/** Fields of KubeletConfiguration that a test wants otherwise. */
export type KubeletSettings = Readonly<Record<string, unknown>>;

export interface Kubelet extends Service {
  /** Adds settings and restarts it. */
  configure(settings: KubeletSettings): Promise<void>;
}

export interface RegisteredTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface KubeletOptions {
  readonly program: string;
  readonly machine: NodeMachine;
  readonly pki: Pki;
  readonly url: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly RegisteredTaint[];
  readonly settings?: KubeletSettings;
}

export async function createKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { program, machine, pki, url, labels = {}, taints = [] } = options;
  const { name, address, dir } = machine;
  const certificate = await pki.issue({
    user: `system:node:${name}`,
    groups: ['system:nodes'],
    altNames: [`IP:${address}`, `DNS:${name}`],
  });
  const kubeconfig = join(dir, 'kubelet.kubeconfig');
  await writeKubeconfig(kubeconfig, { url, caFile: pki.caFile, credential: certificate });
  const configFile = join(dir, 'kubelet.json');
  let settings: KubeletSettings = { registerWithTaints: taints, ...options.settings };
  const writeConfig = () =>
    writeFileSync(configFile, JSON.stringify({ ...config(machine, pki, certificate), ...settings }));
  writeConfig();
  const service = createService({
    name: `kubelet ${name}`,
    command: program,
    args: [
      `--config=${configFile}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${name}`,
      `--node-ip=${address}`,
      `--node-labels=${Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(',')}`,
    ],
    logFile: join(dir, 'kubelet.log'),
    prefix: machine.prefix,
  });
  return {
    ...service,
    async configure(more) {
      settings = { ...settings, ...more };
      writeConfig();
      await service.stop();
      await service.start();
    },
  };
}

/** Nodes share this machine's disk and memory: the limits are so low that none evicts pods or images because of others. */
function config({ cgroup }: NodeMachine, pki: Pki, { certFile, keyFile }: Certificate): KubeletSettings {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki.caFile },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: certFile,
    tlsPrivateKeyFile: keyFile,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    failCgroupV1: false,
    clusterDNS: [CONTROL_PLANE],
    clusterDomain: DOMAIN,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
  };
}
