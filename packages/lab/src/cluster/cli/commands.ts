import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runProgram, waitUntil } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { type RunningCluster, type RunningClusterFile, isRunning } from './state.ts';

/** With our input and outputs; answers its exit code. */
export async function exec(state: RunningCluster, node: number | undefined, line: readonly string[]): Promise<number> {
  const pid = node === undefined ? state.controlPlane : state.nodes.find(({ number }) => number === node)?.pid;
  if (pid === undefined) throw new Error(`there is no node ${node}`);
  const kinds = node === undefined ? ['--net'] : ['--net', '--mount'];
  const child = spawn('nsenter', ['--target', String(pid), ...kinds, '--', ...line], {
    env: { ...process.env, ...state.env },
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

export async function push({ pushAddress, registry }: RunningCluster, layout: string, image: string): Promise<void> {
  await needUpFront('cluster push');
  const to = `docker://${pushAddress}/${image}`;
  await runProgram('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, to]);
  process.stdout.write(`Pods name it ${registry}/${image}\n`);
}

const END_MS = 60_000;

export async function down(file: RunningClusterFile): Promise<void> {
  const state = file.read();
  file.remove(); // one that was killed left it behind
  if (state === undefined) {
    process.stdout.write('No cluster is running.\n');
    return;
  }
  process.kill(state.owner, 'SIGTERM');
  await waitUntil(() => !isRunning(state.owner), 'the end of the cluster', END_MS);
  process.stdout.write('The cluster is stopped and removed.\n');
}
