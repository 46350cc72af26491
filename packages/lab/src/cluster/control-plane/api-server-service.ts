import { join } from 'node:path';
import { type CommandPrefix } from '../../machine/index.ts';
import { FIRST_SERVICE, SERVICE_RANGE } from '../network/addresses.ts';
import type { Pki } from '../access/pki.ts';
import { createService, type Service } from '../../machine/service.ts';

export interface ApiServerServiceOptions {
  readonly dir: string;
  readonly program: string;
  readonly prefix: CommandPrefix;
  readonly address: string;
  readonly port: number;
  readonly etcdUrl: string;
  readonly pki: Pki;
  readonly flags?: readonly string[];
  readonly ready: () => Promise<unknown>;
}

/** It would wait for everybody's watches. */
const GRACE_MS = 2000;
const NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];

/** kube-apiserver with what a production cluster switches on: RBAC, Node authorization, NodeRestriction. */
export async function createApiServerService(options: ApiServerServiceOptions): Promise<Service> {
  const { dir, program, prefix, address, port, etcdUrl, pki, flags = [], ready } = options;
  const addresses = new Set([address, '127.0.0.1', FIRST_SERVICE]);
  const altNames = [...[...addresses].map(ip => `IP:${ip}`), ...NAMES.map(name => `DNS:${name}`)];
  const serving = await pki.issue({ user: 'kube-apiserver', altNames });
  const kubeletClient = await pki.issue({ user: 'kube-apiserver-kubelet-client', groups: ['system:masters'] });
  return createService({
    name: 'kube-apiserver',
    command: program,
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      `--secure-port=${port}`,
      `--tls-cert-file=${serving.certFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--client-ca-file=${pki.caFile}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--service-account-key-file=${pki.serviceAccountKeyFile}`,
      `--service-account-signing-key-file=${pki.serviceAccountKeyFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--kubelet-client-certificate=${kubeletClient.certFile}`,
      `--kubelet-client-key=${kubeletClient.keyFile}`,
      '--kubelet-preferred-address-types=InternalIP', // nobody resolves the names of nodes
      '--allow-privileged',
      ...flags,
    ],
    logFile: join(dir, 'log', 'kube-apiserver.log'),
    prefix,
    ready,
    graceMs: GRACE_MS,
  });
}
