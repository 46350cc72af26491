import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { ByteCounts } from './byte-counts.ts';
import type { Memory } from '../memory/memory.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { PullEnd } from './pulls.ts';
import type { RunningPull } from '../decide/running-pull.ts';

interface Notebooks {
  readonly memory: Memory;
  readonly byteCounts: Pick<ByteCounts, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: AgentMetrics | undefined;
}

/** Writes down how a pull ended: for the next cycle, for people, and in the metrics. */
export function notePullEnd(
  { image, startedAtMs }: RunningPull,
  end: PullEnd,
  { memory, byteCounts, clock, log, metrics }: Notebooks,
): void {
  const now = clock.monotonicMs();
  const elapsedMs = Math.round(now - startedAtMs);
  memory.notePull(image, end, now);
  if (end.result === 'failed') {
    const { kind, message } = end.failure;
    log.warn({ image, elapsedMs, kind, reason: message }, 'pull failed');
    metrics?.pullEnded('failed', kind, elapsedMs);
    return;
  }
  log.info({ image, elapsedMs }, end.result === 'pulled' ? 'pulled' : 'pull cancelled');
  metrics?.pullEnded(end.result, undefined, elapsedMs);
  if (end.result === 'pulled') byteCounts.add({ image, ...end });
}
