import { once } from 'node:events';
import { scratchFolder } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { startCluster } from '../start-cluster.ts';
import type { UpOptions } from './options.ts';
import type { StateFile } from './state.ts';

/** What `up` hears from the process that it leaves behind. */
export type ServeMessage = { readonly say: string } | { readonly failed: string } | 'up';

/** Holds a cluster until SIGTERM; answers an exit code. */
export async function serve(file: StateFile, { nodes, kubernetes, containerd }: UpOptions): Promise<number> {
  const scratch = scratchFolder('kpf-cluster');
  const end = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  try {
    const say = (line: string) => tell({ say: line });
    await needUpFront('cluster', { say });
    const cluster = await startCluster({
      folder: scratch.path,
      version: kubernetes,
      nodes: Array.from({ length: nodes }, (_, n) => ({ containerd: containerd[n % containerd.length] })),
      say,
    });
    file.write(scratch.path, cluster);
    tell('up');
    await end;
    await cluster.close();
    return 0;
  } catch (error) {
    tell({ failed: (error as Error).message });
    return 1;
  } finally {
    file.remove();
    scratch.remove();
  }
}

/** Nobody listens any more once the cluster is up. */
function tell(message: ServeMessage): void {
  if (process.connected) process.send?.(message);
}
