import type { ImageRef } from '@kube-prefetch/protocol';
import type { ImageRuntime, Presence, RuntimeVersion, Space } from '@kube-prefetch/runtime';

export interface Surroundings {
  readonly runtime: RuntimeVersion;
  readonly seen: ReadonlyMap<ImageRef, Presence>;
  readonly space: Space | 'unknown';
}

/** All that a cycle asks the runtime: at once, because while it unpacks, each answer takes its time, and a free slot waits for the last. */
export async function lookAround(
  runtime: Pick<ImageRuntime, 'version' | 'look' | 'space'>,
  images: readonly ImageRef[],
  signal: AbortSignal,
): Promise<Surroundings> {
  const [seen, space] = await Promise.all([runtime.look(images, signal), runtime.space(signal)]);
  // Who it was is asked afterwards: the look may have had to connect to another one.
  return { runtime: await runtime.version(signal), seen, space };
}
