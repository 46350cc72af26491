import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Overview } from '@kube-prefetch/protocol';
import type { Cluster } from '../../cluster/index.ts';
import { helmPrograms } from '../../set-up/index.ts';
import { startChild } from '../../machine/index.ts';
import { PREFETCH } from './bench-cluster.ts';
import type { PodProcess } from './pod-processes.ts';

/** Something that was said to be warm, or not, by the wall clock. */
export interface Claim {
  readonly atMs: number;
  readonly warm: boolean;
}

export interface Claims {
  /** The resource's condition, at each change. */
  status(): readonly Claim[];
  /** Every cell of the node in the leader's overview, again and again. */
  overview(): readonly Claim[];
  stop(): Promise<void>;
}

const STAMPED = 'while read -r line; do echo "$(date +%s%3N) $line"; done';
const WARM = '{.status.conditions[?(@.type=="Warm")].status}{"\\n"}';
let watches = 0;

/** Two clients of their own that write down when they heard what. */
export async function watchClaims(cluster: Cluster, dir: string, leader: PodProcess, node: string): Promise<Claims> {
  const { kubectl } = await helmPrograms();
  const name = `claims-${watches++}`;
  const start = (kind: string, pid: number, script: string) =>
    startChild({
      name: `${name}-${kind}`,
      command: 'nsenter',
      args: ['--target', String(pid), '--net', '--', 'sh', '-c', script],
      env: { KUBECONFIG: cluster.kubeconfig },
      logFile: join(dir, `${name}-${kind}.log`),
    });
  const watch = `${kubectl} get clusterprefetch ${PREFETCH} --watch -o jsonpath='${WARM}'`;
  const poll = 'while :; do curl -sS --max-time 2 http://127.0.0.1:7071/v1/overview; echo; sleep 0.3; done';
  const status = await start('status', cluster.pid, `${watch} | ${STAMPED}`);
  const overview = await start('overview', leader.pid, `${poll} | ${STAMPED}`);
  return {
    status: () => readClaims(status.logFile, text => text === 'True'),
    overview: () => readClaims(overview.logFile, text => saysWarm(JSON.parse(text) as Overview, node)),
    async stop() {
      await Promise.all([status.kill(), overview.kill()]);
    },
  };
}

function saysWarm({ nodes }: Overview, name: string): boolean {
  const { Present, ...others } = nodes.find(node => node.name === name)?.cells ?? { Present: 0 };
  return Present > 0 && Object.values(others).every(count => count === 0);
}

function readClaims(file: string, isWarm: (text: string) => boolean): readonly Claim[] {
  const lines = [...readFileSync(file, 'utf8').matchAll(/^(\d{13}) (.+)\n/gm)];
  return lines.map(([, at, text = '']) => ({ atMs: Number(at), warm: isWarm(text) }));
}
