import { sep } from 'node:path';
import type { ClusterState } from '@kube-prefetch/core';
import { type Clock, createTrigger, type Trigger } from '@kube-prefetch/time';
import type { ClusterSource } from '../ports/cluster-source.ts';
import { combineFiles } from './combine-files.ts';
import { countingFile, type KnownFile, readFile } from './known-files.ts';
import { type Walk, walkFolder, type WalkFailure } from './walk-folder.ts';
import { createFolderWatches, type FolderWatches } from './watch-folders.ts';

export interface ManifestsSourceOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: ManifestsLog;
  /** Between looks when no watch says that something changed. */
  readonly pollMs?: number;
}

export interface ManifestsLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const POLL_MS = 5_000;
/** After a failed read, which nothing may announce the end of. */
const RETRY_MS = 1_000;
/** A save is several events; it is read once this long has passed without one. */
const QUIET_MS = 20;
const MAX_QUIET_MS = 200;

/** The cluster that a directory of manifests declares; docs/manifests.md says how it is read. */
export function createManifestsSource(options: ManifestsSourceOptions): ClusterSource {
  const { clock, log, pollMs = POLL_MS } = options;
  const files = new Map<string, KnownFile>();
  let state: ClusterState | undefined;

  return {
    async run(changed, signal) {
      const wake = createTrigger(clock);
      const watches = createFolderWatches({
        changed: () => wake.fire(),
        failed: (path, err) => log.warn({ path, err }, 'cannot watch, polling only'),
      });
      try {
        while (!signal.aborted) {
          const next = await look(options, files, watches, state);
          if (next !== state) {
            if (next !== undefined) tell(log, next, state);
            state = next;
            if (!signal.aborted) changed();
          }
          const dueMs = next === undefined || next.gaps.length > 0 ? Math.min(RETRY_MS, pollMs) : pollMs;
          await wake.next(clock.monotonicMs() + dueMs, signal);
          await quiet(wake, clock, signal);
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

/** Reads the whole directory. What cannot be read stays as it was, with a gap that says so. */
async function look(
  { dir, log }: ManifestsSourceOptions,
  files: Map<string, KnownFile>,
  watches: FolderWatches,
  previous: ClusterState | undefined,
): Promise<ClusterState | undefined> {
  const folders = new Set<string>();
  const walk = await walkFolder(dir, (folder, id) => {
    folders.add(folder);
    watches.add(folder, id);
  });
  watches.keepOnly(folders);
  forget(files, walk);
  for (const file of walk.files) {
    const known = files.get(file.path);
    const read = await readFile(file, known);
    files.set(file.path, read);
    if (read.reading !== known?.reading) tellPassedOver(log, file.path, read);
  }
  if (previous === undefined && walk.failures.some(({ path }) => path === dir)) {
    log.warn({ dir, err: walk.failures[0]?.error }, 'cannot read the manifests yet');
    return undefined;
  }
  const counting = [...files].map(([path, known]) => countingFile(path, known));
  return combineFiles(counting, previous, walk.failures.map(failureLine));
}

/** Drops files that are gone, as far as the walk could see. */
function forget(files: Map<string, KnownFile>, { files: present, failures }: Walk): void {
  const there = new Set(present.map(({ path }) => path));
  for (const path of files.keys()) {
    const unseen = failures.some(failure => path === failure.path || path.startsWith(failure.path + sep));
    if (!there.has(path) && !unseen) files.delete(path);
  }
}

function failureLine({ path, error }: WalkFailure): string {
  return `${path}: cannot be read: ${error.message}`;
}

/** Returns once no event has come for a while, but does not wait for ever. */
async function quiet(wake: Trigger, clock: Clock, signal: AbortSignal): Promise<void> {
  const latestMs = clock.monotonicMs() + MAX_QUIET_MS;
  for (;;) {
    const dueMs = Math.min(clock.monotonicMs() + QUIET_MS, latestMs);
    await wake.next(dueMs, signal);
    // A timer may fire a millisecond early.
    if (clock.monotonicMs() >= dueMs - 1) return;
  }
}

function tell(log: ManifestsLog, next: ClusterState, previous: ClusterState | undefined): void {
  const known = new Set(previous?.gaps);
  for (const problem of next.gaps) if (!known.has(problem)) log.warn({ problem }, 'manifest not used');
  const { resources, workloads, nodes, gaps } = next;
  const counts = { resources: resources.length, workloads: workloads.length, nodes: nodes.length, gaps: gaps.length };
  log.info(counts, 'manifests read');
}

function tellPassedOver(log: ManifestsLog, path: string, { reading }: KnownFile): void {
  for (const { line, apiVersion, kind, suspicious } of reading.passedOver)
    log[suspicious ? 'warn' : 'debug']({ file: `${path}:${line}`, apiVersion, kind }, 'object passed over');
}
