import type { ClusterNode } from '../../cluster/index.ts';
import { bareLoop } from '../bare-loop.ts';
import { type BenchCluster, untilPresent } from './bench-cluster.ts';

/** One loop on each of these nodes, on the clock that ours are measured with: it ends when the runtimes say so. */
export async function timeBareLoops(
  { images, parallel }: BenchCluster,
  nodes: readonly ClusterNode[],
): Promise<number> {
  const startMs = Date.now();
  const loops = nodes.map(node => bareLoop(node.criSocket, images, parallel));
  await untilPresent(nodes, images);
  const elapsedMs = Date.now() - startMs;
  await Promise.all(loops);
  return elapsedMs;
}
