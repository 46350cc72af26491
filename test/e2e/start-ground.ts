import { buildImages } from '@kube-prefetch/lab/build-images';
import { startCluster } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { createGround, type Ground } from './ground.ts';

/** One of each kind of node that matters. */
export const PLAIN = 1;
export const TAINTED = 2;
export const NEWER = 3;
export const NODES: readonly number[] = [PLAIN, TAINTED, NEWER];

/** Three real nodes, and the images of both programs in the registry that they reach. */
export async function startGround(): Promise<{ ground: Ground; close(): Promise<void> }> {
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
  const values: string[] = [];
  for (const program of ['coordinator', 'agent'] as const) {
    const repository = `kube-prefetch/${program}`;
    await cluster.registry.push(repository, 'latest', images[program]);
    values.push(`--set=${program}.image.repository=${cluster.registry.address}/${repository}`);
    values.push(`--set=${program}.image.tag=latest`);
  }
  return {
    ground: createGround(cluster, values),
    async close() {
      await cluster.close();
      scratch.remove();
    },
  };
}
