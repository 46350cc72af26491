import type { ImageRuntime } from '@kube-prefetch/runtime';

/**
 * A runtime that need not be there yet. Each call looks for it until it is found, so on a node whose runtime starts slowly the
 * agent reports that and does not end. Calls at the same time share one search.
 */
export function findWhenNeeded(find: () => Promise<ImageRuntime>): ImageRuntime {
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
