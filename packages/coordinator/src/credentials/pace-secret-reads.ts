import { type Clock, createBoundedCalls } from '@kube-prefetch/time';

/** Requests to the API server. */
const READS = { running: 8, waiting: 2_000 };
/** Reads of one namespace that may follow on each other, and how long one takes to be forgiven: ten a second. */
const BURST = 100;
const FORGIVEN_MS = 100;
/** An agent waits ten seconds for its answer. */
const LONGEST_WAIT_MS = 3_000;
/** Namespaces that are remembered beyond this have been forgiven everything. */
const MAX_NAMESPACES = 1_000;

/** Runs reads of secrets. Whoever names very many in one namespace delays only what is read of that namespace. */
export interface PacedReads {
  /** Throws where the turn does not come soon, and the signal's reason. */
  run<T>(namespace: string, read: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function paceSecretReads(clock: Clock): PacedReads {
  const calls = createBoundedCalls(READS);
  /** By namespace: when every read so far is forgiven. */
  const forgivenAtMs = new Map<string, number>();

  const untilForgiven = async (namespace: string, signal: AbortSignal) => {
    const now = clock.monotonicMs();
    const next = Math.max(forgivenAtMs.get(namespace) ?? now, now) + FORGIVEN_MS;
    const waitMs = next - BURST * FORGIVEN_MS - now;
    if (waitMs > LONGEST_WAIT_MS) throw new Error(`too many secrets of the namespace ${namespace} are read`);
    forgivenAtMs.set(namespace, next);
    if (forgivenAtMs.size > MAX_NAMESPACES)
      for (const [name, atMs] of forgivenAtMs) if (atMs <= now) forgivenAtMs.delete(name);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };

  return {
    async run(namespace, read, signal) {
      await untilForgiven(namespace, signal);
      return calls.run(read, signal);
    },
  };
}
