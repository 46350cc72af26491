import { sep } from 'node:path';
import type { ClusterState, KnownKind } from '@kube-prefetch/core';
import type { SourceLog } from '../ports/source-and-sink.ts';
import type { ReadSecret } from '../ports/secret-reader.ts';
import { combineFiles, secretsIn } from './combine-files.ts';
import type { WorkloadKinds } from '../workload-kinds/kind-row.ts';
import { createKindReaders } from './kind-readers.ts';
import { contributionOf, type CachedFile, readFile } from './last-good-files.ts';
import type { PassedOver } from './read-objects.ts';
import { type Walk, walkFolder, type WalkFailure } from './walk-folder.ts';
import type { FolderWatches } from './watch-folders.ts';

export interface FolderReader {
  /**
   * The state that the folder declares now, or `previous` itself when nothing changed. What cannot be read stays as it was,
   * and becomes a gap. Undefined until the folder itself has been read once. Each folder is watched before it is read.
   */
  read(previous: ClusterState | undefined, watches: FolderWatches): Promise<ClusterState | undefined>;
  /** As of the last read, by `namespace/name`. */
  secrets(): ReadonlyMap<string, ReadSecret>;
}

export interface FolderReaderOptions {
  readonly dir: string;
  readonly log: SourceLog;
  /** Whose Secrets a ClusterPrefetch names; undefined: no Secret counts. */
  readonly ownNamespace?: string | undefined;
  readonly kinds: WorkloadKinds;
}

export function createFolderReader({ dir, log, ownNamespace, kinds }: FolderReaderOptions): FolderReader {
  const readers = createKindReaders(kinds);
  const known: readonly KnownKind[] = [...kinds.rows, ...kinds.makers].map(kind => ({
    group: kind.group,
    kind: kind.kind,
    ...('makes' in kind && { makes: kind.makes }),
    read: true,
    gaps: [],
    notes: [],
  }));
  const files = new Map<string, CachedFile>();
  let secrets: ReadonlyMap<string, ReadSecret> = new Map();
  let toldFailure: string | undefined;

  const walkAndWatch = async (watches: FolderWatches): Promise<Walk> => {
    const folders = new Set<string>();
    const walk = await walkFolder(dir, (folder, id) => {
      folders.add(folder);
      watches.add(folder, id);
    });
    watches.keepOnly(folders);
    return walk;
  };

  const readAll = async (found: Walk['files']) => {
    for (const file of found) {
      const cached = files.get(file.path);
      const read = await readFile(file, cached, readers);
      files.set(file.path, read);
      if (read.reading !== cached?.reading) logPassedOver(log, file.path, read.reading.passedOver);
    }
  };

  return {
    async read(previous, watches) {
      const walk = await walkAndWatch(watches);
      const unread = walk.failures.find(({ path }) => path === dir);
      if (previous === undefined && unread !== undefined) {
        if (unread.error.message !== toldFailure) log.warn({ dir, err: unread.error }, 'cannot read the manifests yet');
        toldFailure = unread.error.message;
        return undefined;
      }
      forget(files, walk);
      await readAll(walk.files);
      const counting = [...files].map(([path, known]) => contributionOf(path, known));
      secrets = secretsIn(counting);
      return combineFiles(counting, previous, walk.failures.map(failureLine), ownNamespace, known);
    },
    secrets: () => secrets,
  };
}

/** Drops files that are gone, but none below a path that could not be read. */
function forget(files: Map<string, CachedFile>, { files: present, failures }: Walk): void {
  const there = new Set(present.map(({ path }) => path));
  for (const path of files.keys()) {
    const unseen = failures.some(failure => path === failure.path || path.startsWith(failure.path + sep));
    if (!there.has(path) && !unseen) files.delete(path);
  }
}

function failureLine({ path, error }: WalkFailure): string {
  return `${path}: cannot be read: ${error.message}`;
}

function logPassedOver(log: SourceLog, path: string, passedOver: readonly PassedOver[]): void {
  for (const { line, apiVersion, kind, suspicious } of passedOver)
    log[suspicious ? 'warn' : 'debug']({ file: `${path}:${line}`, apiVersion, kind }, 'object passed over');
}
