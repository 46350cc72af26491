import { type ClusterState, secretName } from '@kube-prefetch/core';
import { type Clock, createTrigger } from '@kube-prefetch/time';
import type { ClusterSource, SourceLog } from '../ports/source-and-sink.ts';
import type { SecretReader } from '../ports/secret-reader.ts';
import type { WorkloadKinds } from '../workload-kinds/kind-row.ts';
import { KNOWN_KINDS } from '../workload-kinds/known-kinds.ts';
import { createFolderReader } from './folder-reader.ts';
import { createFolderWatches, untilQuiet } from './watch-folders.ts';

export interface ManifestsSourceOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: SourceLog;
  /** Whose Secrets a ClusterPrefetch names; undefined: no Secret counts. */
  readonly ownNamespace?: string | undefined;
  /** Kinds of workloads besides Kubernetes' own; all that are known unless told. */
  readonly kinds?: WorkloadKinds | undefined;
  /** Between two reads when no watch fires. */
  readonly pollMs?: number;
}

const POLL_MS = 5_000;
/** While there is a gap: perhaps no watch fires when its cause is gone. */
const RETRY_MS = 1_000;

/** The cluster that the folder declares, and its Secrets. */
export interface ManifestsSource extends ClusterSource {
  readonly secrets: SecretReader;
}

/** The cluster that a folder of manifests declares; docs/manifests.md says how it is read. */
export function createManifestsSource(options: ManifestsSourceOptions): ManifestsSource {
  const { dir, clock, log, ownNamespace, kinds = KNOWN_KINDS, pollMs = POLL_MS } = options;
  let state: ClusterState | undefined;
  /** Shared by all runs: a file that an earlier run has read is not gone only because a later run cannot read it. */
  const folder = createFolderReader({ dir, log, ownNamespace, kinds });

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
    secrets: {
      async read(ref, signal) {
        signal.throwIfAborted();
        const name = secretName(ref);
        const found = folder.secrets().get(name);
        if (found !== undefined) return found;
        if (state?.gaps.length === 0) return 'missing';
        throw new Error(`secret ${name}: not every manifest could be read`);
      },
    },
  };
}

/** Logs the counts, and each problem once, when it appears. */
function logState(log: SourceLog, next: ClusterState, previous: ClusterState | undefined): void {
  const known = new Set(previous?.gaps);
  for (const problem of next.gaps) if (!known.has(problem)) log.warn({ problem }, 'manifest not used');
  const { resources, workloads, nodes, gaps } = next;
  const counts = { resources: resources.length, workloads: workloads.length, nodes: nodes.length, gaps: gaps.length };
  log.info(counts, 'manifests read');
}
