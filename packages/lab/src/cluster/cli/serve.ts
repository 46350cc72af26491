import { once } from 'node:events';
import { scratchFolder } from '../../machine/index.ts';
import { startCluster } from '../start-cluster.ts';
import type { UpOptions } from './options.ts';
import { removeState, writeState } from './state.ts';

/** What `up` hears from the process that it leaves behind. */
export type ServeMessage = { readonly say: string } | { readonly failed: string } | 'up';

/** Holds a cluster until SIGTERM. */
export async function serve({ nodes, kubernetes, containerd }: UpOptions): Promise<void> {
  const scratch = scratchFolder('kpf-cluster');
  const end = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  try {
    const cluster = await startCluster({
      folder: scratch.path,
      version: kubernetes,
      nodes: Array.from({ length: nodes }, (_, n) => ({ containerd: containerd[n % containerd.length] })),
      say: line => tell({ say: line }),
    });
    writeState(scratch.path, cluster);
    tell('up');
    await end;
    await cluster.close();
  } catch (error) {
    tell({ failed: (error as Error).message });
    process.exitCode = 1;
  } finally {
    removeState();
    scratch.remove();
  }
}

/** Nobody listens any more once the cluster is up. */
function tell(message: ServeMessage): void {
  if (process.connected) process.send?.(message);
}
