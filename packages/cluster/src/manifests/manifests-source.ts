import type { ClusterState } from '@kube-prefetch/core';
import { type Clock, createTrigger } from '@kube-prefetch/time';
import type { ClusterSource } from '../ports/cluster-source.ts';
import type { SourceLog } from '../source-log.ts';
import { createFolderReader } from './folder-reader.ts';
import { logState } from './manifests-log.ts';
import { untilQuiet } from './until-quiet.ts';
import { createFolderWatches } from './watch-folders.ts';

export interface ManifestsSourceOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: SourceLog;
  /** Between looks when no watch says that something changed. */
  readonly pollMs?: number;
}

const POLL_MS = 5_000;
/** While something is wrong: no event may tell that it is over. */
const RETRY_MS = 1_000;

/** The cluster that a directory of manifests declares; docs/manifests.md says how it is read. */
export function createManifestsSource({ dir, clock, log, pollMs = POLL_MS }: ManifestsSourceOptions): ClusterSource {
  let state: ClusterState | undefined;
  /** Of all runs: what one has read, the next must not take for gone because it cannot read it. */
  const folder = createFolderReader({ dir, log });

  return {
    async run(changed, signal) {
      const wake = createTrigger(clock);
      const watches = createFolderWatches({
        changed: () => wake.fire(),
        failed: (path, err) => log.warn({ path, err }, 'cannot watch, polling only'),
      });
      try {
        while (!signal.aborted) {
          const next = await folder.read(state, watches);
          if (signal.aborted) return;
          if (next !== undefined && next !== state) {
            logState(log, next, state);
            state = next;
            changed();
          }
          const whole = next !== undefined && next.gaps.length === 0;
          await wake.next(clock.monotonicMs() + (whole ? pollMs : Math.min(RETRY_MS, pollMs)), signal);
          await untilQuiet(wake, clock, signal);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        watches.close();
      }
    },
    read: () => state,
  };
}
