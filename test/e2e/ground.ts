import { setTimeout as sleep } from 'node:timers/promises';
import type { PrefetchStatus } from '@kube-prefetch/protocol';
import type { Cluster } from '@kube-prefetch/lab/cluster';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';

/** The chart's release; its namespace has the same name. */
export const RELEASE = 'kube-prefetch';

/** The cluster of all scenarios, and how they look at it past kube-prefetch. */
export interface Ground {
  readonly cluster: Cluster;
  /** What `helm install` is told about our images. */
  readonly values: readonly string[];
  /** Whether the node's runtime, asked by nobody of ours, has the image. */
  holds(node: number, image: string): Promise<boolean>;
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

export function createGround(cluster: Cluster, values: readonly string[]): Ground {
  const cri = (node: number) => connectCri(cluster.node(node).criSocket).images;
  const ground: Ground = {
    cluster,
    values,
    async holds(node, image) {
      const answer = await cri(node).imageStatus({ image: { image } });
      return answer.image !== undefined;
    },
    async remove(node, image) {
      await cri(node).removeImage({ image: { image } });
    },
    async untilHeld(nodes, images) {
      await until(`${images.join(', ')} on ${nodes.join(', ')}`, async () => {
        const held = await Promise.all(nodes.flatMap(node => images.map(image => ground.holds(node, image))));
        return held.every(Boolean);
      });
    },
    async status(resource, ...args) {
      return (await ground.get<{ status?: PrefetchStatus }>(resource, ...args)).status;
    },
    async get(...args) {
      return JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json'));
    },
  };
  return ground;
}

/** Only what never comes takes so long, on a busy machine too. */
const PATIENCE_MS = 300_000;
export const PATIENCE = `${PATIENCE_MS / 1_000}s`;

/** Asks until it holds; a question that throws is asked again, and its last error is told at the end. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  let problem: unknown;
  while (Date.now() < endMs) {
    try {
      if (await holds()) return;
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
