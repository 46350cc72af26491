import type { FailureKind } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { ByteCounts } from './byte-counts.ts';
import type { Memory } from '../memory/memory.ts';
import type { PullEnd } from '../decide/image-history.ts';
import type { RunningPull } from '../decide/judge-stall.ts';

export interface PullMetrics {
  pullEnded(result: PullEnd['result'], kind: FailureKind | undefined, elapsedMs: number): void;
}

interface WrittenTo {
  readonly memory: Memory;
  readonly byteCounts: Pick<ByteCounts, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: PullMetrics | undefined;
}

/** Notes how a pull ended in the memory, the log and the metrics. */
export function notePullEnd(
  { image, startedAtMs }: RunningPull,
  end: PullEnd,
  { memory, byteCounts, clock, log, metrics }: WrittenTo,
): void {
  const now = clock.monotonicMs();
  const elapsedMs = Math.round(now - startedAtMs);
  const before = memory.histories().get(image)?.waits;
  memory.notePull(image, end, now);
  if (end.result === 'waits') {
    if (before?.because !== end.because) log.warn({ image, because: end.because }, 'no pull: credentials are missing');
    return;
  }
  if (end.result === 'failed') {
    const { kind, message } = end.failure;
    log.warn({ image, elapsedMs, kind, reason: message }, 'pull failed');
    metrics?.pullEnded('failed', kind, elapsedMs);
    return;
  }
  if (end.result === 'pulled') log.info({ image, elapsedMs }, 'pulled');
  else log.info({ image, elapsedMs, why: end.why }, 'pull cancelled');
  metrics?.pullEnded(end.result, undefined, elapsedMs);
  if (end.result === 'pulled') byteCounts.add({ image, ...end });
}
