import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImages } from '@kube-prefetch/lab/build-images';
import { type Cluster, startCluster } from '@kube-prefetch/lab/cluster';
import { type Met, scratchFolder } from '@kube-prefetch/lab/machine';
import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { SOON_MS } from '../patience.ts';

/** The chart's release; its namespace has the same name. */
export const RELEASE = 'kube-prefetch';

/** Whom the release gives the viewer's rights. */
export const VIEWERS = 'viewers';

/** A namespace whose ServiceAccounts have them too. */
export const ROLLED_OUT = 'rolled-out';

/** What the release is told of the gate. */
export const GATE = { taint: 'kube-prefetch.io/not-warm', resource: 'gated' };

/** The rule that the release is told: from a registry to a path of the cluster's own. */
export const REWRITE = { from: 'chart.example/', to: 'mirror/' };

/** The cluster of all scenarios, and how they look at it past kube-prefetch. */
export interface Fixture {
  readonly cluster: Cluster;
  /** What `helm install` is told. */
  readonly values: readonly string[];
  /** The command line as an image. */
  readonly cliImage: string;
  /** Whether the node's runtime, asked by nobody of ours, has the image. */
  holds(node: number, image: string): Promise<boolean>;
  /** What the runtime calls its contents; undefined where it is not there. */
  idOf(node: number, image: string): Promise<string | undefined>;
  /** Removes it there, as an operator with crictl does. */
  remove(node: number, image: string): Promise<void>;
  untilHeld(nodes: readonly number[], images: readonly string[]): Promise<void>;
  status(resource: string, ...args: readonly string[]): Promise<PrefetchStatus | undefined>;
  /** As `kubectl get -o json` has it. */
  get<T = KubeAnswer>(...args: readonly string[]): Promise<T>;
}

export interface KubeAnswer {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly items: readonly KubeAnswer[];
  readonly [field: string]: unknown;
}

function createFixture(cluster: Cluster, values: readonly string[], cliImage: string): Fixture {
  const cri = (node: number) => connectCri(cluster.node(node).criSocket).images;
  const fixture: Fixture = {
    cluster,
    values,
    cliImage,
    async holds(node, image) {
      return (await fixture.idOf(node, image)) !== undefined;
    },
    async idOf(node, image) {
      const answer = await cri(node).imageStatus({ image: { image } });
      return answer.image?.id;
    },
    async remove(node, image) {
      await cri(node).removeImage({ image: { image } });
    },
    async untilHeld(nodes, images) {
      await until(`${images.join(', ')} on ${nodes.join(', ')}`, async () => {
        const held = await Promise.all(nodes.flatMap(node => images.map(image => fixture.holds(node, image))));
        return held.every(Boolean);
      });
    },
    async status(resource, ...args) {
      return (await fixture.get<{ status?: PrefetchStatus }>(resource, ...args)).status;
    },
    async get(...args) {
      return JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json'));
    },
  };
  return fixture;
}

export const PATIENCE = `${SOON_MS / 1_000}s`;

/**
 * Asks until it holds, and answers what it was told then, which may be otherwise a moment later. A question that throws is asked
 * again, and its last error is told at the end.
 */
export async function until<T>(what: string, holds: () => Promise<T>): Promise<Met<T>> {
  const endMs = Date.now() + SOON_MS;
  let problem: unknown;
  while (Date.now() < endMs) {
    try {
      const answer = await holds();
      if (answer) return answer as Met<T>;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    await sleep(200);
  }
  throw new Error(`waited ${PATIENCE} in vain for ${what}`, { cause: problem });
}

export function conditionOf(status: PrefetchStatus | undefined, type: string) {
  return status?.conditions.find(condition => condition.type === type);
}

/** One of each kind of node that matters. */
export const PLAIN = 1;
export const TAINTED = 2;
export const NEWER = 3;
export const NODES: readonly number[] = [PLAIN, TAINTED, NEWER];

/** What agents are told of a registry that speaks plain HTTP; runtimes have folders of their own. */
function writeCertsDir(dir: string, registry: string): string {
  mkdirSync(join(dir, registry), { recursive: true });
  writeFileSync(join(dir, registry, 'hosts.toml'), `server = "http://${registry}"\n`);
  return dir;
}

/** Three real nodes, and the images of both programs in the registry that they reach. */
export async function startFixture(): Promise<{ fixture: Fixture; close(): Promise<void> }> {
  const scratch = scratchFolder('kp-e2e');
  const images = await buildImages();
  const cluster = await startCluster({
    folder: scratch.path,
    nodes: [
      { labels: { pool: 'web' } },
      { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] },
      { containerd: '2.4' },
    ],
  });
  const values = [
    '--set=refresh.minInterval=10s',
    `--set=refresh.certsDir=${writeCertsDir(join(scratch.path, 'certs.d'), cluster.registry.address)}`,
    // The disk of the machine that runs the tests may be fuller than a node's should be.
    '--set=disk.maxUsedPercent=99',
    '--set=techsquad.enabled=true',
    '--set=viewer.subjects[0].kind=Group',
    `--set=viewer.subjects[0].name=${VIEWERS}`,
    '--set=viewer.subjects[1].kind=Group',
    `--set=viewer.subjects[1].name=system:serviceaccounts:${ROLLED_OUT}`,
    `--set=gate.taint=${GATE.taint}`,
    `--set=gate.resources={ClusterPrefetch ${GATE.resource}}`,
    `--set=rewrite[0].from=${REWRITE.from}`,
    `--set=rewrite[0].to=${cluster.registry.address}/${REWRITE.to}`,
  ];
  for (const program of ['coordinator', 'agent'] as const) {
    const repository = `kube-prefetch/${program}`;
    await cluster.registry.push(repository, 'latest', images[program]);
    values.push(`--set=${program}.image.repository=${cluster.registry.address}/${repository}`);
    values.push(`--set=${program}.image.tag=latest`);
  }
  const cliImage = await cluster.registry.push('kube-prefetch/cli', 'latest', images.cli);
  return {
    fixture: createFixture(cluster, values, cliImage),
    async close() {
      await cluster.close();
      scratch.remove();
    },
  };
}
