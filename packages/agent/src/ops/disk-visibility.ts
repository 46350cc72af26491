import type { Log } from '@kube-prefetch/process';
import type { Space } from '@kube-prefetch/runtime';

const REASON =
  "the file system of the images cannot be seen from here: set --disk-seen-through, or the chart's disk.hostPath";

/** Tells the log, at each change, and the metrics whether looks see the disk: while they do not, no disk limit is kept. */
export function createDiskVisibility(log: Log, metrics: { diskSeen(seen: boolean): void } | undefined) {
  let wasSeen = true;
  return (space: Space | 'unknown') => {
    const seen = space !== 'unknown';
    if (!seen && wasSeen) log.warn({ reason: REASON }, 'the disk limit is not kept');
    if (seen && !wasSeen) log.info({}, 'the disk limit is kept');
    wasSeen = seen;
    metrics?.diskSeen(seen);
  };
}
