import type { ClusterSource, StatusSink } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { CoordinatorMetrics } from '../metrics.ts';
import type { ServeParts } from '../serve.ts';

/** What of the program depends on where the state of the cluster comes from. */
export interface SourceParts extends Pick<ServeParts, 'leadership' | 'trust'> {
  readonly source: ClusterSource;
  readonly statuses: StatusSink;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: CoordinatorMetrics;
}
