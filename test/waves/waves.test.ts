import { buildImages } from '@kube-prefetch/lab/build-images';
import { type Cluster, startCluster } from '@kube-prefetch/lab/cluster';
import { buildImage } from '@kube-prefetch/lab/images';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { type PeerMirror, startPeerMirror } from '@kube-prefetch/lab/runtimes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bareLoop } from '../../packages/lab/src/bench/bare-loop.ts';
import { untilPresent } from '../../packages/lab/src/bench/cluster/bench-cluster.ts';
import { type Baseline, readBaseline, wipeNode } from '../../packages/lab/src/bench/cluster/wipe-node.ts';

const NODES = 8;
const IMAGES = 4;
const IMAGE_MIB = 42;
/** As the chart has it. */
const PARALLEL_PULLS = 2;
/** What all that leaves the registry shares; nodes reach each other past it. */
const LINK = ['rate', '100mbit', 'burst', '256kb', 'latency', '200ms'];

const scratch = scratchFolder('kp-waves');
const mirrors: PeerMirror[] = [];
let cluster: Cluster;
let images: readonly string[] = [];
const baselines = new Map<string, Baseline>();

beforeAll(async () => {
  const programs = await buildImages();
  cluster = await startCluster({ folder: scratch.path, nodes: Array(NODES).fill({ containerd: '2.4' }) });
  const { registry } = cluster;
  const sets = ['disk.maxUsedPercent=99'];
  for (const program of ['coordinator', 'agent'] as const) {
    await registry.push(`kube-prefetch/${program}`, 'waves', programs[program]);
    sets.push(`${program}.image.repository=${registry.address}/kube-prefetch/${program}`, `${program}.image.tag=waves`);
  }
  const place = ['--namespace=kube-prefetch', '--create-namespace', '--wait', '--timeout=300s'];
  await cluster.helm('install', 'kube-prefetch', 'charts/kube-prefetch', ...place, ...sets.map(set => `--set=${set}`));
  images = await Promise.all(
    Array.from({ length: IMAGES }, (_, i) => registry.push(`wave/${i}`, 'v1', buildImage({ sizeMiB: IMAGE_MIB }))),
  );
  for (const node of cluster.nodes()) baselines.set(node.name, await readBaseline(node.containerd));
  await cluster.inControlPlane('tc', 'qdisc', 'add', 'dev', 'br0', 'root', 'tbf', ...LINK);
});
afterAll(async () => {
  await Promise.all(mirrors.map(mirror => mirror.stop()));
  await cluster?.close();
  scratch.remove();
});

const wipe = () =>
  Promise.all(cluster.nodes().map(node => wipeNode(node.containerd, baselines.get(node.name) as Baseline)));
/** What nodes fetched of the images. */
const bytesFromRegistry = () =>
  cluster.registry
    .requestLog()
    .filter(({ method, path }) => method === 'GET' && path.startsWith('/v2/wave/'))
    .reduce((sum, { bytes }) => sum + bytes, 0);

/** Until the runtimes say that they have them all. */
async function measure(name: string, start: () => Promise<unknown>): Promise<{ seconds: number; bytes: number }> {
  const [startMs, startBytes] = [performance.now(), bytesFromRegistry()];
  const started = start();
  await untilPresent(cluster.nodes(), images);
  const seconds = (performance.now() - startMs) / 1_000;
  await started;
  const bytes = bytesFromRegistry() - startBytes;
  console.log(`${name}: ${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(0)} MB from the registry`);
  return { seconds, bytes };
}

test('eight nodes behind a link of 100 Mbit/s become warm in waves in less than a third of the time of bare pulls, for one download', async () => {
  const nodes = cluster.nodes();
  const bare = await measure('bare pulls', () =>
    Promise.all(nodes.map(node => bareLoop(node.criSocket, images, PARALLEL_PULLS))),
  );
  await wipe();
  for (const { name, dir, prefix, address } of nodes) {
    const peers = nodes.filter(node => node.address !== address).map(node => node.address);
    const mirror = await startPeerMirror({
      name,
      dir,
      prefix,
      socket: '/run/containerd/containerd.sock',
      address,
      peers,
    });
    mirrors.push(mirror);
    mirror.standBefore(cluster.registry.address);
  }
  const waves = await measure('waves', () =>
    cluster.apply({
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: 'ClusterPrefetch',
      metadata: { name: 'waves' },
      spec: { images, pull: { spread: { seeds: 1, fanout: 3 } } },
    }),
  );
  const oneCopy = IMAGES * IMAGE_MIB * 1024 * 1024;
  const [ratio, copies] = [waves.seconds / bare.seconds, waves.bytes / oneCopy];
  console.log(`waves ÷ bare pulls: ${ratio.toFixed(3)} of the time; ${copies.toFixed(2)} copies from the registry`);
  expect(copies).toBeLessThanOrEqual(1.2);
  expect(ratio).toBeLessThanOrEqual(0.3);
  await cluster.kubectl('wait', '--for=condition=Warm', 'clusterprefetch/waves', '--timeout=60s');
});
