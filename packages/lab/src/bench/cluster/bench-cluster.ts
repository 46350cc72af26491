import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { buildImages } from '../../build-images/index.ts';
import { READER } from '../../debian-registry/index.ts';
import { type AuditEvent, type Cluster, type ClusterNode, startCluster } from '../../cluster/index.ts';
import { sayToStderr as say } from '../../machine/index.ts';
import { bareLoop, benchImages, type Login } from '../bare-loop.ts';
import { type Baseline, deleteImages, readBaseline, wipeNode } from './wipe-node.ts';

/** One loop on each of these nodes, on the clock that ours are measured with: it ends when the runtimes say so. */
export async function timeBareLoops(
  { parallel }: BenchCluster,
  { images, login }: BenchImages,
  nodes: readonly ClusterNode[],
): Promise<number> {
  const startMs = Date.now();
  const loops = nodes.map(node => bareLoop(node.criSocket, images, parallel, login));
  await untilPresent(nodes, images);
  const elapsedMs = Date.now() - startMs;
  await Promise.all(loops);
  return elapsedMs;
}

export const NAMESPACE = 'kube-prefetch';
const MAX_FILL_MS = 180_000;
const CHART = fileURLToPath(new URL('../../../../../charts/kube-prefetch', import.meta.url));

/** Images of one registry, and the pull secret of the coordinator's namespace that opens it, if it wants one. */
export interface BenchImages {
  readonly images: readonly string[];
  readonly login?: Login;
  readonly secret?: string;
}

const LOGIN = { username: 'reader', password: 'first-password' } as const satisfies Login;
const SECRET = 'bench';

/** Three nodes with the chart installed as it is, but for a disk that may be fuller than a node's should be. */
export interface BenchCluster {
  readonly cluster: Cluster;
  readonly open: BenchImages;
  /** The same contents in a registry that wants a name and a password. */
  readonly guarded: BenchImages;
  /** Pulls at once on each node, as the chart has it. */
  readonly parallel: number;
  /** Makes a ClusterPrefetch of these; answers when the API server heard of it, by the wall clock. */
  ask(wanted: BenchImages): Promise<number>;
  /** Deletes it again. */
  forget(): Promise<void>;
  /** Back to what the node held before the first image was asked for. */
  wipe(node: ClusterNode): Promise<void>;
  /** Only the deletion, as somebody else would do it. */
  deleteImages(node: ClusterNode): Promise<void>;
  close(): Promise<void>;
}

export async function startBenchCluster(folder: string): Promise<BenchCluster> {
  await using started = new AsyncDisposableStack();
  const cluster = await startCluster({ folder, nodes: 3, say });
  started.defer(() => cluster.close());
  await installChart(cluster);
  const images: string[] = [];
  for (const { repository, image } of benchImages()) images.push(await cluster.registry.push(repository, 'v1', image));
  const guarded = await guardImages(cluster, images);
  const baselines = new Map<string, Baseline>();
  for (const node of cluster.nodes()) baselines.set(node.name, await readBaseline(node.containerd));
  const baselineOf = ({ name }: ClusterNode) => {
    const baseline = baselines.get(name);
    if (baseline === undefined) throw new Error(`${name} came later: what it held at first is not known`);
    return baseline;
  };
  const parallel = await readParallelPulls(cluster);
  const running = started.move();
  return {
    cluster,
    open: { images },
    guarded,
    parallel,
    async ask({ images: wanted, secret }) {
      const fromMs = Date.now();
      await cluster.apply(prefetchOf({ images: wanted, ...(secret && { imagePullSecrets: [{ name: secret }] }) }));
      return receivedMs(cluster, event => event.verb === 'create' && resourceOf(event) === 'clusterprefetches', fromMs);
    },
    async forget() {
      await cluster.kubectl('delete', 'clusterprefetch', PREFETCH, '--ignore-not-found');
      await sleep(2_000); // until every agent has heard of it
    },
    wipe: node => wipeNode(node.containerd, baselineOf(node)),
    deleteImages: node => deleteImages(node.containerd, baselineOf(node)),
    close: () => running.disposeAsync(),
  };
}

export const PREFETCH = 'bench';

export function prefetchOf(spec: object): object {
  return { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'ClusterPrefetch', metadata: { name: PREFETCH }, spec };
}

/** When the API server received the first such request since then. */
export function receivedMs(cluster: Cluster, fits: (event: AuditEvent) => boolean, sinceMs: number): number {
  const times = cluster
    .auditEvents()
    .filter(fits)
    .map(event => Date.parse(event.requestReceivedTimestamp));
  const time = times.find(ms => ms >= sinceMs);
  if (time === undefined) throw new Error('expected the audit log to have the request');
  return time;
}

export function resourceOf({ objectRef }: AuditEvent): string {
  return [objectRef?.resource, objectRef?.subresource].filter(part => part !== undefined).join('/');
}

/** Until the runtimes of all these nodes say that they have them all. */
export async function untilPresent(nodes: readonly ClusterNode[], images: readonly string[]): Promise<void> {
  const untilMs = Date.now() + MAX_FILL_MS;
  const untilHas = async (node: ClusterNode) => {
    const cri = connectCri(node.criSocket);
    for (const image of images) {
      while ((await cri.images.imageStatus({ image: { image } })).image === undefined) {
        if (Date.now() > untilMs) throw new Error(`waited ${MAX_FILL_MS} ms in vain for ${image} on ${node.name}`);
        await sleep(15);
      }
    }
  };
  await Promise.all(nodes.map(untilHas));
}

export async function untilWarm(cluster: Cluster): Promise<void> {
  await cluster.kubectl('wait', '--for=condition=Warm', `clusterprefetch/${PREFETCH}`, '--timeout=120s');
}

async function installChart(cluster: Cluster): Promise<void> {
  const sets = ['disk.maxUsedPercent=99'];
  const images = await buildImages({ say });
  for (const program of ['coordinator', 'agent'] as const) {
    await cluster.registry.push(`kube-prefetch/${program}`, 'bench', images[program]);
    sets.push(`${program}.image.repository=${cluster.registry.address}/kube-prefetch/${program}`);
    sets.push(`${program}.image.tag=bench`);
  }
  const place = ['--namespace', NAMESPACE, '--create-namespace', '--wait', '--timeout=180s'];
  await cluster.helm('install', 'kube-prefetch', CHART, ...place, ...sets.flatMap(set => ['--set', set]));
}

/** A second registry on the same storage, and the secret that opens it. */
async function guardImages(cluster: Cluster, images: readonly string[]): Promise<BenchImages> {
  const { address } = await cluster.registry.startPrivate(READER[LOGIN.password]);
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: NAMESPACE, name: SECRET },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [address]: LOGIN } }) },
  });
  return {
    images: images.map(image => `${address}${image.slice(cluster.registry.address.length)}`),
    login: LOGIN,
    secret: SECRET,
  };
}

async function readParallelPulls(cluster: Cluster): Promise<number> {
  const values = await cluster.helm('get', 'values', 'kube-prefetch', '--all', '-n', NAMESPACE, '-o', 'json');
  return (JSON.parse(values) as { parallelPulls: number }).parallelPulls;
}
