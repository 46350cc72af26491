import { type Clock, createTrigger, type Trigger } from '@kube-prefetch/time';

const SHORTEST_REST_MS = 20;
/**
 * After a pass of 50 ms the line rests 200 ms, so it takes at most a fifth of the process. While a term settles the process has the
 * reports of all nodes to read, and until they are there a pass decides little.
 */
const REST_PER_WORK = { usually: 4, settling: 16 };
/** Even after slow passes events wait no longer than this. */
const LONGEST_REST_MS = 1_000;

/**
 * A trigger that makes the line rest in proportion to its last pass, so that thousands of reports cost a few passes a
 * second. The first event after a quiet time is seen at once. `settling`: many nodes have not reported yet in this term.
 */
export function createPacedTrigger(clock: Clock, settling: () => boolean): Trigger {
  const trigger = createTrigger(clock);
  let wokenMs: number | undefined;

  return {
    fire: () => trigger.fire(),
    async next(dueMs, signal) {
      const workMs = wokenMs === undefined ? 0 : clock.monotonicMs() - wokenMs;
      const restMs = workMs * REST_PER_WORK[settling() ? 'settling' : 'usually'];
      await clock.sleep(Math.min(Math.max(SHORTEST_REST_MS, restMs), LONGEST_REST_MS), signal);
      await trigger.next(dueMs, signal);
      wokenMs = clock.monotonicMs();
    },
  };
}
