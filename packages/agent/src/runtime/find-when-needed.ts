import type { ImageRuntime } from '@kube-prefetch/runtime';

/**
 * A runtime that need not be there yet: every cycle looks for it until it is found, so a node that boots with a slow
 * runtime reports that instead of restarting its agent. Questions that are asked together share one search.
 */
export function createLateRuntime(find: () => Promise<ImageRuntime>): ImageRuntime {
  let found: ImageRuntime | undefined;
  let search: Promise<ImageRuntime> | undefined;

  const searched = async (): Promise<ImageRuntime> => {
    try {
      found = await find();
      return found;
    } finally {
      search = undefined;
    }
  };
  const runtime = async (): Promise<ImageRuntime> => {
    if (found !== undefined) return found;
    search ??= searched();
    return search;
  };

  return {
    version: async signal => (await runtime()).version(signal),
    look: async (images, signal) => (await runtime()).look(images, signal),
    pull: async (image, auth, progress, signal) => (await runtime()).pull(image, auth, progress, signal),
    space: async signal => (await runtime()).space(signal),
    changes: signal => found?.changes(signal) ?? 'unsupported',
  };
}
