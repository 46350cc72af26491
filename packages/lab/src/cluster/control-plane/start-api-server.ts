import { mkdirSync } from 'node:fs';
import { freePort, type Say, THIS_MACHINE } from '../../machine/index.ts';
import { need } from '../../set-up/index.ts';
import { type ApiClient, createApiClient } from '../access/api-client.ts';
import { createApiServerService } from './api-server-service.ts';
import { type AuditEvent, createAuditLog } from './audit-log.ts';
import { createControllerManager, createScheduler } from './control-loops.ts';
import { createEtcd } from './etcd.ts';
import { etcdProgram } from '../programs/cluster-programs.ts';
import { type KubernetesVersion, kubernetesPrograms } from '../programs/kubernetes-programs.ts';
import { createPki } from '../access/pki.ts';
import type { Service } from '../../machine/service.ts';

export interface ApiServerOptions {
  /** Belongs into a scratch folder. */
  readonly folder: string;
  readonly version?: KubernetesVersion;
  /** Without it pods stay where they are created. A list: with these further flags. */
  readonly schedulerToo?: boolean | readonly string[];
  /**
   * Without it nothing makes the pods of a Deployment or `default` service accounts, nothing ends a deleted namespace, and
   * the roles `view`, `edit` and `admin` are empty. A list: with these further flags.
   */
  readonly controllersToo?: boolean | readonly string[];
  readonly auditLog?: boolean;
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  readonly say?: Say;
}

/** A real API server on loopback; `stop`, `kill`, `start`, `pause` and `resume` mean it alone, etcd keeps its contents. */
export interface ApiServer extends ApiClient, Omit<Service, 'name'> {
  readonly url: string;
  readonly caFile: string;
  /** PEM: whoever holds it can sign service account tokens. */
  readonly serviceAccountKeyFile: string;
  restart(): Promise<void>;
  /** Forgets old revisions, so that what resumes from one hears 410. */
  compact(): Promise<void>;
  /** Throws unless `auditLog` was asked for. */
  auditEvents(): readonly AuditEvent[];
  /** Ends everything. */
  close(): Promise<void>;
}

/** The service `kubernetes` may not lead to loopback. */
const NO_ENDPOINTS = '--endpoint-reconciler-type=none';

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { folder: dir, version = '1.37', say } = options;
  mkdirSync(dir, { recursive: true });
  await need('api-server', { say });
  const programs = await kubernetesPrograms(version, ['kube-apiserver'], { say });
  const pki = await createPki(`${dir}/pki`, { say });
  const prefix = THIS_MACHINE;
  const [port, clientPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const url = `https://127.0.0.1:${port}`;
  const etcd = createEtcd({ dir, program: await etcdProgram({ say }), prefix, clientPort, peerPort });
  const client = await createApiClient({ dir, prefix, url, pki, say });
  const audit = options.auditLog === true ? createAuditLog(dir) : undefined;
  const server = await createApiServerService({
    dir,
    program: programs['kube-apiserver'],
    prefix,
    address: '127.0.0.1',
    port,
    etcdUrl: etcd.url,
    pki,
    flags: [NO_ENDPOINTS, ...(audit?.args ?? []), ...(options.flags ?? [])],
    ready: () => client.kubectl('get', '--raw', '/readyz'),
  });
  await using started = new AsyncDisposableStack();
  for (const service of [etcd, server, ...(await loops())]) {
    started.defer(() => service.stop());
    await service.start();
  }
  const running = started.move();
  return {
    ...client,
    ...server,
    url,
    caFile: pki.caFile,
    serviceAccountKeyFile: pki.serviceAccountKeyFile,
    async restart() {
      await server.stop();
      await server.start();
    },
    compact: () => etcd.compact(),
    auditEvents() {
      if (audit === undefined) throw new Error('auditLog was not asked for');
      return audit.events();
    },
    close: () => running.disposeAsync(),
  };

  async function loops(): Promise<readonly Service[]> {
    const common = { dir, prefix, kubeconfigFor: (user: string) => client.kubeconfigFor(user), pki };
    const path = async <P extends 'kube-scheduler' | 'kube-controller-manager'>(program: P) =>
      (await kubernetesPrograms(version, [program], { say }))[program];
    const { schedulerToo: scheduler = false, controllersToo: controllers = false } = options;
    const flagsOf = (asked: true | readonly string[]) => (asked === true ? [] : asked);
    return [
      ...(scheduler
        ? [await createScheduler({ ...common, program: await path('kube-scheduler'), flags: flagsOf(scheduler) })]
        : []),
      ...(controllers
        ? [
            await createControllerManager({
              ...common,
              program: await path('kube-controller-manager'),
              flags: flagsOf(controllers),
            }),
          ]
        : []),
    ];
  }
}
