import { type Clock, createTrigger, type Trigger } from '@kube-prefetch/time';

const SHORTEST_REST_MS = 20;
/** After a look that took 50 ms the line rests 200 ms, so it takes no more than a fifth of the process ... */
const REST_PER_WORK = 4;
/** ... unless looks are so slow that events would have to wait too long. */
const LONGEST_REST_MS = 1_000;

/**
 * A trigger that lets the line rest in proportion to the work it has just done, so that thousands of reports cost a few
 * looks a second; the first event after a quiet time is still seen at once.
 */
export function createPacedTrigger(clock: Clock): Trigger {
  const trigger = createTrigger(clock);
  let wokenMs: number | undefined;

  return {
    fire: () => trigger.fire(),
    async next(dueMs, signal) {
      const workMs = wokenMs === undefined ? 0 : clock.monotonicMs() - wokenMs;
      await clock.sleep(Math.min(Math.max(SHORTEST_REST_MS, workMs * REST_PER_WORK), LONGEST_REST_MS), signal);
      await trigger.next(dueMs, signal);
      wokenMs = clock.monotonicMs();
    },
  };
}
