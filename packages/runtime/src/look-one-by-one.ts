import type { ImageRef } from '@kube-prefetch/protocol';
import { runTogether } from '@kube-prefetch/time';
import type { Presence } from './image-runtime.ts';

/** More do not make 200 images faster: the runtime's side of an answer is short and Node's is one thread. */
const LOOKS_AT_ONCE = 8;

/** One question per reference, a few at a time. The first failure fails all, and no further question is asked. */
export async function lookOneByOne(
  asked: readonly ImageRef[],
  lookAt: (image: ImageRef, signal: AbortSignal) => Promise<Presence>,
  signal: AbortSignal,
): Promise<ReadonlyMap<ImageRef, Presence>> {
  const seen = new Map<ImageRef, Presence>(asked.map(image => [image, { present: false }]));
  const waiting = [...seen.keys()].values();
  async function lookOn(until: AbortSignal) {
    for (const image of waiting) seen.set(image, await lookAt(image, until));
  }
  await runTogether(Array<typeof lookOn>(LOOKS_AT_ONCE).fill(lookOn), signal);
  signal.throwIfAborted();
  return seen;
}
