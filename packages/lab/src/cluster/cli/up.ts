import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { startCluster } from '../start-cluster.ts';
import { USUAL_NAME, type UpOptions } from './options.ts';
import { type RunningCluster, type RunningClusterFile, stateFile } from './state.ts';

/** Leaves a process behind that holds the cluster. */
export async function up(name: string, { nodes, kubernetes, containerd }: UpOptions): Promise<void> {
  const file = stateFile(name);
  if (file.read() !== undefined) throw new Error('it is running already; stop it with npm run cluster -- down');
  const startedMs = performance.now();
  process.stdout.write(`Starting Kubernetes ${kubernetes} with ${nodes} node${nodes === 1 ? '' : 's'}\n`);
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const args = [
    'serve',
    String(nodes),
    '--kubernetes',
    kubernetes,
    '--containerd',
    containerd.join(','),
    '--name',
    name,
  ];
  const owner = fork(main, args, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const interrupt = () => void owner.kill('SIGKILL'); // its guard clears up
  process.once('SIGINT', interrupt);
  await new Promise<void>((resolve, reject) => {
    owner.on('message', (message: ServeMessage) => {
      if (message === 'up') resolve();
      else if ('say' in message) process.stdout.write(`${message.say}\n`);
      else reject(new Error(message.failed));
    });
    owner.once('exit', () => reject(new Error('the cluster ended before it was up')));
  });
  process.off('SIGINT', interrupt);
  owner.disconnect();
  owner.unref();
  process.stdout.write(nextSteps(name, file.need(), performance.now() - startedMs));
}

function nextSteps(name: string, { folder, registry }: RunningCluster, tookMs: number): string {
  const command = `npm run cluster --${name === USUAL_NAME ? '' : ` --name ${name}`}`;
  return `Up after ${Math.round(tookMs / 1000)} s. Folders and logs are in ${folder}. What to do next:
  ${command} exec -- kubectl get nodes
  ${command} exec 1 -- ctr -n k8s.io images ls
  npm run images -- --out /tmp/images
  ${command} push /tmp/images/agent kube-prefetch/agent    (pods name it ${registry}/kube-prefetch/agent:latest)
  ${command} down
`;
}

/** What `up` hears from the process that it leaves behind. */
export type ServeMessage = { readonly say: string } | { readonly failed: string } | 'up';

/** Holds a cluster until SIGTERM; answers an exit code. */
export async function serve(file: RunningClusterFile, { nodes, kubernetes, containerd }: UpOptions): Promise<number> {
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
