import { type ImageRuntime, RuntimeUnavailable } from '@kube-prefetch/runtime';

/**
 * A runtime that need not be there yet: every cycle's first question looks for it until it is found, so a node that boots
 * with a slow runtime reports that instead of restarting its agent.
 */
export function createLateRuntime(find: () => Promise<ImageRuntime>): ImageRuntime {
  let found: ImageRuntime | undefined;
  const runtime = () => {
    if (found === undefined) throw new RuntimeUnavailable('no container runtime has been found yet');
    return found;
  };

  return {
    async version(signal) {
      found ??= await find();
      return found.version(signal);
    },
    look: async (images, signal) => runtime().look(images, signal),
    pull: async (image, auth, progress, signal) => runtime().pull(image, auth, progress, signal),
    space: async signal => runtime().space(signal),
    changes: signal => found?.changes(signal) ?? 'unsupported',
  };
}
