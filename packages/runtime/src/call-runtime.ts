import { errorText } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { RuntimeUnavailable } from './image-runtime.ts';
import { scrub } from './scrub-credentials.ts';

/** Long enough for a runtime that unpacks large images on a slow disk; one that takes longer hangs. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface CallOptions {
  readonly socket: string;
  readonly clock: Clock;
  /** Of everything but a pull. */
  readonly answerTimeoutMs?: number;
}

/**
 * Asks a runtime anything but a pull: no answer, a late one and a broken one are all RuntimeUnavailable. The original error is
 * not kept as the cause: it holds the text before it was scrubbed, and the log prints causes.
 */
export async function callRuntime<T>(
  { socket, clock, answerTimeoutMs = ANSWER_TIMEOUT_MS }: CallOptions,
  question: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline(clock, answerTimeoutMs, signal, question, work);
  } catch (error) {
    signal.throwIfAborted();
    throw new RuntimeUnavailable(scrub(`${socket}: ${question}: ${errorText(error)}`));
  }
}
