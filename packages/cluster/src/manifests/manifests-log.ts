import type { ClusterState } from '@kube-prefetch/core';
import type { SourceLog } from '../source-log.ts';
import type { PassedOver } from './read-objects.ts';

/** What was read, and each problem once, when it comes up. */
export function logState(log: SourceLog, next: ClusterState, previous: ClusterState | undefined): void {
  const known = new Set(previous?.gaps);
  for (const problem of next.gaps) if (!known.has(problem)) log.warn({ problem }, 'manifest not used');
  const { resources, workloads, nodes, gaps } = next;
  const counts = { resources: resources.length, workloads: workloads.length, nodes: nodes.length, gaps: gaps.length };
  log.info(counts, 'manifests read');
}

export function logPassedOver(log: SourceLog, path: string, passedOver: readonly PassedOver[]): void {
  for (const { line, apiVersion, kind, suspicious } of passedOver)
    log[suspicious ? 'warn' : 'debug']({ file: `${path}:${line}`, apiVersion, kind }, 'object passed over');
}
