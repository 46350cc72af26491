import { join } from 'node:path';
import { type CommandPrefix } from '../../machine/index.ts';
import { createService, type Service } from '../../machine/service.ts';
import type { Pki } from '../access/pki.ts';

interface LoopOptions {
  readonly dir: string;
  readonly program: string;
  readonly prefix: CommandPrefix;
  /** Writes the kubeconfig of a user. */
  readonly kubeconfigFor: (user: string) => Promise<string>;
  /** Further ones. */
  readonly flags?: readonly string[];
}

/** Both open no port, so several of each can run on one machine. */
const COMMON = ['--leader-elect=false', '--secure-port=0'];

export async function createScheduler({
  dir,
  program,
  prefix,
  kubeconfigFor,
  flags = [],
}: LoopOptions): Promise<Service> {
  const kubeconfig = await kubeconfigFor('system:kube-scheduler');
  return createService({
    name: 'kube-scheduler',
    command: program,
    args: [`--kubeconfig=${kubeconfig}`, ...COMMON, ...flags],
    logFile: join(dir, 'log', 'kube-scheduler.log'),
    prefix,
  });
}

export async function createControllerManager(options: LoopOptions & { pki: Pki }): Promise<Service> {
  const { dir, program, prefix, kubeconfigFor, pki, flags = [] } = options;
  const kubeconfig = await kubeconfigFor('system:kube-controller-manager');
  return createService({
    name: 'kube-controller-manager',
    command: program,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${pki.serviceAccountKeyFile}`,
      `--root-ca-file=${pki.caFile}`,
      '--use-service-account-credentials',
      ...COMMON,
      ...flags,
    ],
    logFile: join(dir, 'log', 'kube-controller-manager.log'),
    prefix,
  });
}
