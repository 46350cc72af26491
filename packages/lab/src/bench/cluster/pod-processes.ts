import { readdirSync, readFileSync } from 'node:fs';
import type { Cluster } from '../../cluster/index.ts';
import { NAMESPACE } from './bench-cluster.ts';

export interface PodProcess {
  readonly pod: string;
  readonly node: string;
  readonly program: 'coordinator' | 'agent';
  /** As this machine numbers it. */
  readonly pid: number;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly containerStatuses?: readonly { readonly containerID?: string }[] };
}

/** The processes of our pods, found by the containers' identifiers in their control groups. */
export async function podProcesses(cluster: Cluster): Promise<readonly PodProcess[]> {
  const { items } = JSON.parse(await cluster.kubectl('get', 'pods', '-n', NAMESPACE, '-o', 'json')) as { items: Pod[] };
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  const groups = pids.map(pid => ({ pid: Number(pid), group: readOrEmpty(`/proc/${pid}/cgroup`) }));
  return items.flatMap(({ metadata: { name }, spec, status }) => {
    const id = status.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '');
    const found = id === undefined ? undefined : groups.find(({ group }) => group.includes(id));
    if (found === undefined) return [];
    const program = name.includes('-agent-') ? ('agent' as const) : ('coordinator' as const);
    return [{ pod: name, node: spec.nodeName, program, pid: found.pid }];
  });
}

/** It may have ended meanwhile. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
