import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Trigger } from '@kube-prefetch/time';

/** Watches of single folders. They only save time: the next poll finds what they miss. */
export interface FolderWatches {
  /** Watches the folder unless it is watched already. `id` tells it from another folder that took its path. */
  add(path: string, id: string): void;
  /** Ends the watches of all other folders. */
  keepOnly(paths: ReadonlySet<string>): void;
  close(): void;
}

export interface WatchHandlers {
  changed(): void;
  /** Called once for a folder, whose watch is not tried again. */
  failed(path: string, error: Error): void;
}

interface FolderWatch {
  readonly id: string;
  /** Undefined when the watch failed. */
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

/** Saving a file fires several events. The save is over when none has come for this long. */
const QUIET_MS = 20;
const MAX_MS = 200;

/** Waits until the trigger has been quiet for QUIET_MS, but no longer than MAX_MS. */
export async function untilQuiet(trigger: Trigger, clock: Clock, signal: AbortSignal): Promise<void> {
  const latestMs = clock.monotonicMs() + MAX_MS;
  for (;;) {
    const dueMs = Math.min(clock.monotonicMs() + QUIET_MS, latestMs);
    await trigger.next(dueMs, signal);
    // A timer may fire a millisecond early.
    if (clock.monotonicMs() >= dueMs - 1) return;
  }
}
