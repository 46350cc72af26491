import { type ImageRuntime, RuntimeUnavailable } from '@kube-prefetch/runtime';
import { type Clock, DeadlineExceeded, withDeadline } from '@kube-prefetch/time';

/** Long enough for a runtime that unpacks large images on a slow disk; one that takes longer hangs. */
const ANSWER_WITHIN_MS = 30_000;

/** A runtime that hangs is one that does not answer. Pulls have no deadline: their progress is watched. */
export function createPatientRuntime(runtime: ImageRuntime, clock: Clock): ImageRuntime {
  const within = async <T>(what: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => {
    try {
      return await withDeadline(clock, ANSWER_WITHIN_MS, signal, `the runtime's answer to ${what}`, work);
    } catch (error) {
      if (error instanceof DeadlineExceeded) throw new RuntimeUnavailable(error.message, { cause: error });
      throw error;
    }
  };

  return {
    ...runtime,
    version: signal => within('version', signal, s => runtime.version(s)),
    look: (images, signal) => within('look', signal, s => runtime.look(images, s)),
    space: signal => within('space', signal, s => runtime.space(s)),
  };
}
