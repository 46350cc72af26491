export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** It follows the others no longer, and leaves nothing behind on them. */
  unlink(): void;
}

/**
 * A signal that aborts with the first of these, for as long as one thing takes. What AbortSignal.any makes leaves a trace on
 * each signal that it follows, which Node never removes: on one that lives as long as the process they add up.
 */
export function linkSignals(...signals: readonly AbortSignal[]): LinkedSignal {
  const linked = new AbortController();
  const links = signals.map(signal => {
    const follow = () => linked.abort(signal.reason);
    if (signal.aborted) follow();
    else signal.addEventListener('abort', follow, { once: true });
    return () => signal.removeEventListener('abort', follow);
  });
  return {
    signal: linked.signal,
    unlink() {
      for (const unlink of links) unlink();
    },
  };
}

/** For work that notices its signal late: ends as soon as the signal aborts, and leaves the work behind. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
