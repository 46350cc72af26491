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
  failed(path: string, error: Error): void;
}

export function createFolderWatches(handlers: WatchHandlers): FolderWatches {
  const watches = new Map<string, { readonly id: string; readonly watcher: FSWatcher }>();

  const end = (path: string) => {
    watches.get(path)?.watcher.close();
    watches.delete(path);
  };

  return {
    add(path, id) {
      if (watches.get(path)?.id === id) return;
      end(path);
      try {
        const watcher = watch(path, () => handlers.changed());
        watches.set(path, { id, watcher });
        watcher.on('error', error => {
          handlers.failed(path, error);
          if (watches.get(path)?.watcher === watcher) end(path);
        });
      } catch (error) {
        handlers.failed(path, error as Error);
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
