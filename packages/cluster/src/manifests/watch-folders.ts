import { type FSWatcher, watch } from 'node:fs';

/** Watches of single folders. They only make things quicker: what they miss, the next poll finds. */
export interface FolderWatches {
  /** Watches the folder unless it does already; `id` tells a folder from another that took its path. */
  add(path: string, id: string): void;
  /** Ends the watches of all other folders. */
  keepOnly(paths: ReadonlySet<string>): void;
  close(): void;
}

export interface WatchHandlers {
  changed(): void;
  /** Told once for a folder: it is not tried again. */
  failed(path: string, error: Error): void;
}

interface FolderWatch {
  readonly id: string;
  /** Undefined where it failed. */
  watcher: FSWatcher | undefined;
}

export function createFolderWatches(handlers: WatchHandlers): FolderWatches {
  const watches = new Map<string, FolderWatch>();

  const end = (path: string) => {
    watches.get(path)?.watcher?.close();
    watches.delete(path);
  };

  const fail = (path: string, folder: FolderWatch, error: Error) => {
    folder.watcher?.close();
    folder.watcher = undefined;
    handlers.failed(path, error);
  };

  return {
    add(path, id) {
      if (watches.get(path)?.id === id) return;
      end(path);
      const folder: FolderWatch = { id, watcher: undefined };
      watches.set(path, folder);
      try {
        folder.watcher = watch(path, () => handlers.changed());
        folder.watcher.on('error', error => fail(path, folder, error));
      } catch (error) {
        fail(path, folder, error as Error);
      }
    },
    keepOnly(paths) {
      for (const path of watches.keys()) if (!paths.has(path)) end(path);
    },
    close() {
      for (const path of watches.keys()) end(path);
    },
  };
}
