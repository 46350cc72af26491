import { createHash } from 'node:crypto';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { type Clock, untilAborted, withDeadline } from '@kube-prefetch/time';
import { createBoundedCalls } from '../bounded-calls.ts';
import type { AgentIdentity, NodeIdentity } from '../ports/node-identity.ts';
import type { KubeApi } from '../api/kube-api.ts';
import { type AgentTokens, judgeToken } from './judge-token.ts';
import { claimedEndMs } from './token-life.ts';

export interface TokenIdentityParts extends AgentTokens {
  readonly api: KubeApi;
  readonly clock: Clock;
}

/** A pod that is deleted is believed for this long at most. */
const BELIEVED_MS = 5 * 60_000;
/** So that a client that goes on asking with a bad token does not make us ask each time. */
const DISBELIEVED_MS = 5_000;
const REVIEW_MS = 10_000;
/** Agents of all nodes come at once after a failover: each needs one review. */
const REVIEWS = { running: 32, waiting: 10_000 };
const MAX_KNOWN = 20_000;

interface Known {
  readonly verdict: AgentIdentity | ApiError;
  readonly untilMs: number;
}

/** Asks the API server whose token it is, once for all who ask at the same time, and remembers the answer for a while. */
export function createTokenIdentity({ api, clock, ...tokens }: TokenIdentityParts): NodeIdentity {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<AgentIdentity | ApiError>>();
  const reviews = createBoundedCalls(REVIEWS);

  const remember = (key: string, token: string, verdict: AgentIdentity | ApiError) => {
    const lifeMs = (claimedEndMs(token) ?? Infinity) - clock.wallMs();
    const forMs = verdict instanceof ApiError ? DISBELIEVED_MS : Math.min(BELIEVED_MS, lifeMs);
    known.delete(key);
    known.set(key, { verdict, untilMs: clock.monotonicMs() + forMs });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value as string);
  };

  /** Goes on for the others when one of those who wait for it leaves. */
  const review = async (key: string, token: string): Promise<AgentIdentity | ApiError> => {
    try {
      const verdict = await withDeadline(
        clock,
        REVIEW_MS,
        new AbortController().signal,
        'asking whose token it is',
        signal => reviews.run(() => api.review(token, [tokens.audience], signal), signal),
      );
      const judged = judgeToken(verdict, tokens);
      remember(key, token, judged);
      return judged;
    } catch (cause) {
      const why = errorText(cause);
      return new ApiError('IdentityUnavailable', `whose token it is could not be asked: ${why}`, { cause });
    } finally {
      asking.delete(key);
    }
  };

  return {
    async identify(token, signal) {
      const key = createHash('sha256').update(token).digest('base64');
      const remembered = known.get(key);
      if (remembered !== undefined && clock.monotonicMs() < remembered.untilMs) return given(remembered.verdict);
      let answer = asking.get(key);
      if (answer === undefined) asking.set(key, (answer = review(key, token)));
      return given(await untilAborted(answer, signal));
    },
  };
}

function given(verdict: AgentIdentity | ApiError): AgentIdentity {
  if (verdict instanceof ApiError) throw verdict;
  return verdict;
}
