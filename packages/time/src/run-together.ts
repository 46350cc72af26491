import { linkSignals } from './signals.ts';

/**
 * Runs all at the same time, and resolves once all have ended. The first that fails aborts the signal of the others, and its
 * error is thrown when they have ended too. What they throw after the caller's signal aborted is not thrown.
 */
export async function runTogether(
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const running = linkSignals(signal, failed.signal);
  const run = async (work: (signal: AbortSignal) => Promise<unknown>) => {
    try {
      await work(running.signal);
    } catch (error) {
      if (!running.signal.aborted) failed.abort(error);
    }
  };
  await Promise.all(works.map(run));
  running.unlink();
  if (failed.signal.aborted) throw failed.signal.reason;
}
