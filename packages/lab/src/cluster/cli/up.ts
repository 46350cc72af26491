import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type UpOptions, USUAL_NAME } from './options.ts';
import type { ServeMessage } from './serve.ts';
import { type ClusterState, stateFile } from './state.ts';

/** Leaves a process behind that holds the cluster. */
export async function up(name: string, { nodes, kubernetes, containerd }: UpOptions): Promise<void> {
  const file = stateFile(name);
  if (file.read() !== undefined) throw new Error('it is running already; stop it with npm run cluster -- down');
  const startedMs = performance.now();
  process.stdout.write(`Starting Kubernetes ${kubernetes} with ${nodes} node${nodes === 1 ? '' : 's'}\n`);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
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

function nextSteps(name: string, { folder, registry }: ClusterState, tookMs: number): string {
  const command = `npm run cluster --${name === USUAL_NAME ? '' : ` --name ${name}`}`;
  return `Up after ${Math.round(tookMs / 1000)} s. Folders and logs are in ${folder}. What to do next:
  ${command} exec -- kubectl get nodes
  ${command} exec 1 -- ctr -n k8s.io images ls
  npm run images -- --out /tmp/images
  ${command} push /tmp/images/agent kube-prefetch/agent    (pods name it ${registry}/kube-prefetch/agent:latest)
  ${command} down
`;
}
