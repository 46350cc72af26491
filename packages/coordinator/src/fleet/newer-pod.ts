import type { AgentPod, AgentPods, FoundPod } from '@kube-prefetch/cluster';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { type Clock, createBoundedCalls, withDeadline } from '@kube-prefetch/time';

/**
 * Which of two pods speaks for their node, by what the API server says of them.
 *
 * | the pod that speaks now | the other pod                  | who speaks now  |
 * | ----------------------- | ------------------------------ | --------------- |
 * | any                     | is gone                        | the same        |
 * | is gone                 | exists                         | the other       |
 * | is being deleted        | is not being deleted           | the other       |
 * | is not being deleted    | is being deleted               | the same        |
 * | otherwise               | was created later              | the other       |
 * | otherwise               | was not                        | the same        |
 */
export function isNewer(other: FoundPod, now: FoundPod): boolean {
  if (other === 'gone') return false;
  if (now === 'gone') return true;
  if (other.leaving !== now.leaving) return now.leaving;
  // RFC 3339 in UTC, so text order is time order.
  return other.createdAt > now.createdAt;
}

/** Tells whether a pod may speak for a node in the place of another. */
export interface PodClaims {
  /** Throws ApiError IdentityUnavailable where the API server cannot be asked. */
  isNewer(other: AgentPod, now: AgentPod, signal: AbortSignal): Promise<boolean>;
}

/** If two agents of a node both go on reporting, they cost two questions to the API server in this time. */
const REMEMBERED_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
const CALLS = { running: 4, waiting: 1_000 };
const MAX_REMEMBERED = 1_000;

export function createPodClaims({ pods, clock }: { readonly pods: AgentPods; readonly clock: Clock }): PodClaims {
  const calls = createBoundedCalls(CALLS);
  const remembered = new Map<string, { readonly newer: Promise<boolean>; readonly untilMs: number }>();

  const ask = (other: AgentPod, now: AgentPod): Promise<boolean> =>
    withDeadline(clock, ANSWER_WITHIN_MS, new AbortController().signal, 'asking which pod is newer', signal =>
      calls.run(async () => isNewer(await pods.find(other, signal), await pods.find(now, signal)), signal),
    );

  return {
    async isNewer(other, now, signal) {
      const key = `${other.uid} ${now.uid}`;
      const known = remembered.get(key);
      let newer = known !== undefined && clock.monotonicMs() < known.untilMs ? known.newer : undefined;
      if (newer === undefined) {
        newer = ask(other, now);
        // A failure is remembered as well: the API server is asked no more often for it.
        newer.catch(() => {});
        remembered.delete(key);
        remembered.set(key, { newer, untilMs: clock.monotonicMs() + REMEMBERED_MS });
        if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
      }
      try {
        signal.throwIfAborted();
        return await newer;
      } catch (cause) {
        signal.throwIfAborted();
        throw new ApiError(
          'IdentityUnavailable',
          `the API server could not be asked which pod is newer: ${errorText(cause)}`,
          {
            cause,
          },
        );
      }
    },
  };
}
