import { ApiError } from '@kube-prefetch/protocol';
import { backoffMs, type Clock, type Random } from '@kube-prefetch/time';

/** Nodes that lost the coordinator together come back spread over this time. */
const COORDINATOR_BACKOFF = { baseMs: 500, capMs: 10_000 };
/** Also where the jitter is close to nothing. */
const LEAST_PAUSE_MS = 50;

/** Waits before the coordinator is asked again; throws what no retry can help against. */
export async function pauseAfter(
  error: unknown,
  failures: number,
  { clock, random }: { clock: Clock; random: Random },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!(error instanceof ApiError)) throw error;
  if (error.code === 'OlderAgent') {
    throw new Error('a newer agent reports for this node: this one stops. Run one agent per node.', { cause: error });
  }
  await clock.sleep(LEAST_PAUSE_MS + backoffMs(failures, random(), COORDINATOR_BACKOFF), signal);
}
