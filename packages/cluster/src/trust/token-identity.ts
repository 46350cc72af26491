import { createHash } from 'node:crypto';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { type Clock, createBoundedCalls, untilAborted, withDeadline } from '@kube-prefetch/time';
import type { KubeApi } from '../api/kube-api.ts';
import type { AgentIdentity, NodeIdentity } from '../ports/trust.ts';
import { type AgentTokens, judgeToken } from './judge-token.ts';

export interface TokenIdentityParts extends AgentTokens {
  readonly api: KubeApi;
  readonly clock: Clock;
}

/** The token of a deleted pod is accepted for at most this long. */
const BELIEVED_MS = 5 * 60_000;
/** A client that repeats a bad token causes at most one review in this time. */
const DISBELIEVED_MS = 5_000;
const REVIEW_MS = 10_000;
/** After a failover the agents of all nodes come at once, and each needs one review. */
const REVIEWS = { running: 32, waiting: 10_000 };
const MAX_KNOWN = 20_000;

interface Known {
  readonly verdict: AgentIdentity | ApiError;
  readonly untilMs: number;
}

/** Has the API server review a token, once for all callers that wait for the same one, and remembers the verdict for a while. */
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

  /** Has no caller's signal: when one caller leaves, the others still wait. */
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
      if (remembered !== undefined && clock.monotonicMs() < remembered.untilMs) return orThrow(remembered.verdict);
      let answer = asking.get(key);
      if (answer === undefined) asking.set(key, (answer = review(key, token)));
      return orThrow(await untilAborted(answer, signal));
    },
  };
}

function orThrow(verdict: AgentIdentity | ApiError): AgentIdentity {
  if (verdict instanceof ApiError) throw verdict;
  return verdict;
}

/**
 * The end of a JSON Web Token in milliseconds since the Unix epoch, or undefined when it has none. The token is not checked:
 * use this only to remember a verdict for a shorter time.
 */
function claimedEndMs(token: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { exp } = payload as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
