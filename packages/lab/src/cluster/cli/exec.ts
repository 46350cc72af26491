import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ClusterState } from './state.ts';

/** With our input and outputs; answers its exit code. */
export async function exec(state: ClusterState, node: number | undefined, line: readonly string[]): Promise<number> {
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
