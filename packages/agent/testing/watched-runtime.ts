import type { ImageRef } from '@kube-prefetch/protocol';
import type { ImageRuntime } from '@kube-prefetch/runtime';
import type { Clock } from '@kube-prefetch/time';

/** Notes every pull that an agent starts and what must never happen between them. */
export interface WatchedRuntime extends ImageRuntime {
  readonly starts: readonly { readonly image: ImageRef; readonly atMs: number }[];
  /** A sentence for each time a rule was broken. */
  readonly breaches: readonly string[];
  readonly mostAtOnce: () => number;
  /** The most that one image was pulled within any such time. */
  readonly mostWithin: (windowMs: number, image: ImageRef) => number;
}

export function watchRuntime(runtime: ImageRuntime, clock: Clock): WatchedRuntime {
  const running = new Set<ImageRef>();
  const starts: { image: ImageRef; atMs: number }[] = [];
  const breaches: string[] = [];
  let mostAtOnce = 0;

  return {
    ...runtime,
    starts,
    breaches,
    mostAtOnce: () => mostAtOnce,
    mostWithin(windowMs, image) {
      const times = starts.filter(start => start.image === image).map(start => start.atMs);
      return Math.max(0, ...times.map(from => times.filter(ms => ms >= from && ms < from + windowMs).length));
    },
    async pull(image, auth, progress, signal) {
      if (running.has(image)) breaches.push(`${image} was pulled twice at once`);
      running.add(image);
      mostAtOnce = Math.max(mostAtOnce, running.size);
      starts.push({ image, atMs: clock.monotonicMs() });
      try {
        return await runtime.pull(image, auth, progress, signal);
      } finally {
        running.delete(image);
      }
    },
  };
}
