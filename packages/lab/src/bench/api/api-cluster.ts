import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEPLOYMENTS, type KubeKind, type KubeObject, NAMESPACES, NODES, PREFETCHES } from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { systemClock as clock } from '@kube-prefetch/time';
import { type ApiServer, startApiServer } from '../../cluster/index.ts';
import { type Say, waitUntil } from '../../machine/index.ts';
import { startKwok } from './kwok.ts';
import { conditionsAt, deploymentOf, imageOf, namespaceOf, nodeOf, POOLS, prefetchOf, type Sizes } from './objects.ts';

export const NAMESPACE = 'kube-prefetch';
const CHART = fileURLToPath(new URL('../../../../../charts/kube-prefetch', import.meta.url));
/** Of its loops only those that make pods of Deployments; none that would miss the nodes' leases. */
const CONTROLLERS = ['deployment-controller', 'replicaset-controller', 'serviceaccount-controller'];
/** The loops are to be as fast as the machine. */
const FAST = ['--kube-api-qps=2000', '--kube-api-burst=4000'];
/** Else nodes begin with a taint that a loop takes off which does not run. */
const READY_AT_ONCE = '--disable-admission-plugins=TaintNodesByCondition';
const WRITERS = 16;
const PAGE = 500;
const LOOK_MS = 2_000;
const LONGEST_FILL_MS = 20 * 60_000;
/** As kubelets do it where nothing changes: nodeStatusReportFrequency. */
const HEARTBEAT_MS = 5 * 60_000;

/** A real API server with the chart's objects, many nodes and Deployments, and the pods of these. */
export interface ApiCluster {
  readonly server: ApiServer;
  /** Every node's status as its kubelet would write it, until the signal aborts. */
  beatHearts(signal: AbortSignal): Promise<void>;
  /** Gives the first `count` Deployments their next image, one in each `everyMs`; resolves when the last has it everywhere. */
  rollOut(count: number, everyMs: number): Promise<void>;
  /** How long an answer with all objects of a path is, as a client that lists everything would get it. */
  bytesOf(path: string): Promise<number>;
  close(): Promise<void>;
}

export async function startApiCluster(folder: string, sizes: Sizes, say: Say): Promise<ApiCluster> {
  const withPods = sizes.pods > 0;
  const server = await startApiServer({
    folder,
    flags: [READY_AT_ONCE],
    schedulerToo: withPods && FAST,
    controllersToo: [`--controllers=${CONTROLLERS.join()}`, ...FAST],
    say,
  });
  await using started = new AsyncDisposableStack();
  started.defer(() => server.close());
  const api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
  started.defer(() => api.close());
  const { signal } = new AbortController();
  const place = [`--namespace=${NAMESPACE}`, '--create-namespace'];
  const images = ['coordinator', 'agent'].map(program => `--set=${program}.image.repository=bench/${program}`);
  await server.helm('install', 'kube-prefetch', CHART, ...place, ...images);
  if (withPods) started.defer(await startKwok(server, folder, say));

  const createAll = (kind: KubeKind, objects: readonly KubeObject[]) =>
    inParallel(objects, object => api.write({ verb: 'create', kind, object }, signal));
  const numbered = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const startMs = performance.now();
  const seconds = () => `${((performance.now() - startMs) / 1_000).toFixed(0)} s`;
  await createAll(
    NAMESPACES,
    numbered(POOLS, i => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(i) } })),
  );
  await createAll(NODES, numbered(sizes.nodes, nodeOf));
  say(`${sizes.nodes} nodes after ${seconds()}`);
  await createAll(PREFETCHES, numbered(POOLS, prefetchOf));
  await createAll(
    DEPLOYMENTS,
    numbered(sizes.deployments, i => deploymentOf(i, sizes)),
  );
  say(`${sizes.deployments} Deployments after ${seconds()}`);
  await untilRolledOut();
  say(`${sizes.pods} pods run after ${seconds()}`);
  const running = started.move();
  let version = 1;

  return {
    server,
    async beatHearts(until) {
      for (let index = 0; !until.aborted; index = (index + 1) % sizes.nodes) {
        const name = { name: nodeOf(index).metadata.name };
        const status = { conditions: conditionsAt(new Date()) };
        const beat = api.write({ verb: 'patchStatus', kind: NODES, name, status }, signal);
        await Promise.all([beat, sleep(HEARTBEAT_MS / sizes.nodes)]);
      }
    },
    async rollOut(count, everyMs) {
      version += 1;
      for (let index = 0; index < count; index += 1) {
        const change = setImage(index, imageOf(index, version));
        await Promise.all([change, sleep(everyMs)]);
      }
      await untilRolledOut();
    },
    bytesOf: async path => (await server.kubectl('get', '--raw', path)).length,
    close: () => running.disposeAsync(),
  };

  async function setImage(index: number, image: string): Promise<void> {
    const name = { name: `service-${index}`, namespace: namespaceOf(index) };
    const change = async () => {
      const object = (await api.get(DEPLOYMENTS, name, signal)) as KubeObject & Template;
      object.spec.template.spec.containers[0].image = image;
      return api.write({ verb: 'replace', kind: DEPLOYMENTS, object }, signal);
    };
    // The controller may have written its status meanwhile.
    await waitUntil(change, `the image of ${name.name}`, LONGEST_FILL_MS);
  }

  /** Every Deployment has as many pods of its newest template as it wants, which are ready, and no others. */
  async function untilRolledOut(): Promise<void> {
    const untilMs = performance.now() + LONGEST_FILL_MS;
    while (withPods && !(await isRolledOut())) {
      if (performance.now() > untilMs) throw new Error(`waited ${LONGEST_FILL_MS} ms in vain for pods to be ready`);
      await sleep(LOOK_MS);
    }
  }

  async function isRolledOut(): Promise<boolean> {
    for (let after: string | undefined; ; ) {
      const page = await api.list(DEPLOYMENTS, { limit: PAGE, ...(after !== undefined && { after }) }, signal);
      const bench = page.items.filter(({ metadata }) => metadata.namespace !== NAMESPACE) as unknown as Rollout[];
      if (!bench.every(isComplete)) return false;
      if (page.next === undefined) return true;
      after = page.next;
    }
  }
}

interface Template {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [{ image: string }] } } };
}

interface Rollout {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
  };
}

function isComplete({ metadata, spec, status }: Rollout): boolean {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  const isSeen = status.observedGeneration === metadata.generation;
  return isSeen && [replicas, updatedReplicas, readyReplicas].every(count => count === spec.replicas);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const workOn = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: WRITERS }, workOn));
}
