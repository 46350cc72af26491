import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { stringify } from 'yaml';
import { NODE_ENV, NODE_FLAGS, bundle } from '../../build/index.ts';
import { type Registry, pushImage, startRegistry } from '../../debian-registry/index.ts';
import { type Child, freePort, startChild, waitUntil } from '../../machine/index.ts';
import { type Containerd, startContainerd } from '../../runtimes/index.ts';
import { type ScriptedRegistry, startScriptedRegistry } from '../../scripted-registry/index.ts';
import { benchImages } from '../bare-loop.ts';

const NODE = 'bench';

/** One node: a real containerd, a real registry, and the bundled programs as they ship. */
export interface BenchNode {
  readonly containerd: Containerd;
  readonly registry: Registry;
  /** Tells when the first request for an image came; serves small ones. */
  readonly scripted: ScriptedRegistry;
  readonly images: readonly string[];
  /** Starts the agent, again if it runs; resolves once it is ready. */
  startAgent(parallel: number): Promise<void>;
  agentPid(): number;
  agentMetrics(): Promise<string>;
  /** Saves the manifest that asks for exactly these, as an editor does: written aside and renamed. */
  ask(images: readonly string[]): Promise<void>;
  /** Until the runtime says that it has them all. */
  untilPresent(images: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchNode(dir: string): Promise<BenchNode> {
  const scripted = await startScriptedRegistry();
  const registry = await startRegistry({ dir: join(dir, 'registry') });
  const registries = [registry.address, scripted.address];
  const containerd = await startContainerd({ dir: join(dir, 'containerd'), version: 'debian', registries });
  const images = await pushImages(registry);
  const manifests = join(dir, 'manifests');
  const apiPort = await freePort();
  const opsPort = await freePort();
  const coordinator = await startCoordinator(dir, manifests, apiPort);
  const agentBundle = await bundle('agent', dir);
  const cri = connectCri(containerd.socket);
  let agent: Child | undefined;

  return {
    containerd,
    registry,
    scripted,
    images,
    async startAgent(parallel) {
      await agent?.stop();
      agent = await startChild({
        name: 'agent',
        command: process.execPath,
        env: NODE_ENV.agent,
        args: [
          ...NODE_FLAGS.agent,
          agentBundle.file,
          ...flags({
            coordinator: `http://127.0.0.1:${apiPort}`,
            node: NODE,
            'runtime-socket': containerd.socket,
            'state-dir': join(dir, 'state'),
            'parallel-pulls': String(parallel),
            'disk-max-used-percent': '99',
            'ops-listen': `127.0.0.1:${opsPort}`,
          }),
        ],
        logFile: join(dir, 'agent.log'),
      });
      await waitUntil(() => isReady(opsPort), 'the agent to be ready', 20_000, { child: agent });
      await sleep(2_000); // what it does once, at its start, is not what is measured
    },
    agentPid: () => (agent as Child).pid,
    agentMetrics: async () => (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text(),
    async ask(wanted) {
      const file = join(manifests, 'bench.yaml');
      await writeFile(`${file}.part`, manifestOf(wanted));
      await rename(`${file}.part`, file);
    },
    async untilPresent(wanted) {
      for (const image of wanted)
        while ((await cri.images.imageStatus({ image: { image } })).image === undefined) await sleep(15);
    },
    async stop() {
      await agent?.stop();
      await coordinator.stop();
      await containerd.stop();
      await registry.stop();
      await scripted.close();
    },
  };
}

async function pushImages(registry: Registry): Promise<readonly string[]> {
  const images: string[] = [];
  for (const { repository, image } of benchImages()) {
    await pushImage(registry.address, repository, 'v1', image);
    images.push(`${registry.address}/${repository}:v1`);
  }
  return images;
}

async function startCoordinator(dir: string, manifests: string, apiPort: number): Promise<Child> {
  const opsPort = await freePort();
  const { file } = await bundle('coordinator', dir);
  await mkdir(manifests);
  await writeFile(join(manifests, 'node.yaml'), stringify(node()));
  const child = await startChild({
    name: 'coordinator',
    command: process.execPath,
    env: NODE_ENV.coordinator,
    args: [
      ...NODE_FLAGS.coordinator,
      file,
      ...flags({
        manifests,
        'status-dir': join(dir, 'status'),
        listen: `127.0.0.1:${apiPort}`,
        'admin-listen': '127.0.0.1:0',
        'ops-listen': `127.0.0.1:${opsPort}`,
      }),
    ],
    logFile: join(dir, 'coordinator.log'),
  });
  await waitUntil(() => isReady(opsPort), 'the coordinator to be ready', 20_000, { child });
  return child;
}

function node() {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** No resource at all where nothing is wanted: a resource must ask for something. */
function manifestOf(images: readonly string[]): string {
  if (images.length === 0) return '# asks for nothing\n';
  const metadata = { name: 'bench' };
  return stringify({ apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'ClusterPrefetch', metadata, spec: { images } });
}

function flags(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([flag, value]) => [`--${flag}`, value]);
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
}

/** Removes every image by every name and waits until containerd has collected layers and snapshots: leftovers make the next fill falsely fast. */
export async function wipe(containerd: Containerd): Promise<void> {
  const names = lines(await containerd.ctr('images', 'list', '--quiet'));
  if (names.length > 0) await containerd.ctr('images', 'remove', '--sync', ...names);
  await waitUntil(() => isEmpty(containerd), 'containerd to have collected all layers and snapshots', 60_000);
}

async function isEmpty(containerd: Containerd): Promise<boolean> {
  const blobs = lines(await containerd.ctr('content', 'list', '--quiet'));
  const snapshots = lines(await containerd.ctr('snapshots', 'list')).slice(1);
  return blobs.length === 0 && snapshots.length === 0;
}

function lines(output: string): readonly string[] {
  return output.split('\n').filter(line => line !== '');
}
