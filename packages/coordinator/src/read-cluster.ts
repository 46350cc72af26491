import type { ClusterSource } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { type Clock, createRetry } from '@kube-prefetch/time';

const RETRY = { baseMs: 1_000, capMs: 30_000 };

export interface ReadClusterParts {
  readonly source: ClusterSource;
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs the source until the signal aborts; one that gives up is started again, and what it read last stays in use. */
export async function readCluster(
  { source, changed, clock, log }: ReadClusterParts,
  signal: AbortSignal,
): Promise<void> {
  for (const retry = createRetry(); !signal.aborted; ) {
    const startedMs = clock.monotonicMs();
    let err: unknown;
    try {
      await source.run(changed, signal);
    } catch (thrown) {
      err = thrown;
    }
    if (signal.aborted) return;
    if (clock.monotonicMs() - startedMs > RETRY.capMs) retry.succeeded();
    retry.failed();
    const retryMs = retry.pauseMs(RETRY);
    log.error({ err, retryMs }, 'the source of the cluster state stopped');
    await clock.sleep(retryMs, signal).catch(() => {});
  }
}
