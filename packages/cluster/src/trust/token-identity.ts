import { createHash } from 'node:crypto';
import { ApiError, errorText } from '@kube-prefetch/protocol';
import { type Clock, untilAborted, withDeadline } from '@kube-prefetch/time';
import type { KubeTokens } from '../api/kube-api.ts';
import type { AgentIdentity, NodeIdentity } from '../ports/trust.ts';
import { type AgentTokens, judgeToken } from './judge-token.ts';
import { createReviewLanes } from './review-lanes.ts';
import { createSigningKeys } from './signing-keys.ts';
import { readClaims, refuseByClaims, type TokenClaims } from './token-claims.ts';

export interface TokenIdentityParts extends AgentTokens {
  readonly api: KubeTokens;
  readonly clock: Clock;
}

/** The token of a deleted pod is accepted for at most this long. */
const BELIEVED_MS = 5 * 60_000;
/** A client that repeats a bad token causes at most one review in this time. */
const DISBELIEVED_MS = 5_000;
const REVIEW_MS = 10_000;
const MAX_ACCEPTED = 20_000;
const MAX_REFUSED = 1_000;

interface Remembered<T> {
  readonly answer: T;
  readonly untilMs: number;
}

/**
 * First judges a token by what costs the API server nothing: what it says of itself, and who signed it. Then has the API server
 * review it, once for all callers that wait for the same one, and remembers the answer for a while.
 */
export function createTokenIdentity({ api, clock, ...tokens }: TokenIdentityParts): NodeIdentity {
  const accepted = rememberAnswers<AgentIdentity>(clock, MAX_ACCEPTED);
  const refused = rememberAnswers<ApiError>(clock, MAX_REFUSED);
  const asking = new Map<string, Promise<AgentIdentity | ApiError>>();
  const lanes = createReviewLanes(clock);
  const keys = createSigningKeys({ api, clock });

  const remember = (key: string, { endMs = Infinity }: TokenClaims, answer: AgentIdentity | ApiError) => {
    if (answer instanceof ApiError) refused.keep(key, answer, DISBELIEVED_MS);
    else accepted.keep(key, answer, Math.min(BELIEVED_MS, endMs - clock.wallMs()));
  };

  /** Has no caller's signal: when one caller leaves, the others still wait. */
  const review = async (key: string, token: string, claims: TokenClaims, address: string) => {
    try {
      return await withDeadline(clock, REVIEW_MS, NEVER, 'asking whose token it is', async signal => {
        const signature = await keys.judge(claims, signal);
        if (signature === 'Bad') return new ApiError('Unauthenticated', 'the API server did not sign the token');
        const lane = signature === 'Good' || accepted.had(key) ? lanes.known : lanes.strangersOf(address);
        const send = async () => judgeToken(await api.review(token, [tokens.audience], signal), tokens);
        const answer = await lane(send, signal);
        remember(key, claims, answer);
        return answer;
      });
    } catch (cause) {
      const why = errorText(cause);
      return new ApiError('IdentityUnavailable', `the API server could not be asked whose token it is: ${why}`, {
        cause,
      });
    } finally {
      asking.delete(key);
    }
  };

  return {
    async identify(token, address, signal) {
      const key = createHash('sha256').update(token).digest('base64');
      const remembered = accepted.get(key) ?? refused.get(key);
      if (remembered !== undefined) return orThrow(remembered);
      const claims = readClaims(token);
      if (claims === undefined) throw new ApiError('Unauthenticated', 'expected a JSON Web Token of the API server');
      const refusal = refuseByClaims(claims, tokens, clock.wallMs());
      if (refusal !== undefined) throw refusal;
      let answer = asking.get(key);
      if (answer === undefined) asking.set(key, (answer = review(key, token, claims, address)));
      return orThrow(await untilAborted(answer, signal));
    },
  };
}

const NEVER = new AbortController().signal;

/** Remembers the last `most` answers. `had` is true also for one that no longer counts. */
function rememberAnswers<T>(clock: Clock, most: number) {
  const kept = new Map<string, Remembered<T>>();
  return {
    keep(key: string, answer: T, forMs: number): void {
      kept.delete(key);
      kept.set(key, { answer, untilMs: clock.monotonicMs() + forMs });
      if (kept.size > most) kept.delete(kept.keys().next().value as string);
    },
    get(key: string): T | undefined {
      const remembered = kept.get(key);
      return remembered !== undefined && clock.monotonicMs() < remembered.untilMs ? remembered.answer : undefined;
    },
    had: (key: string) => kept.has(key),
  };
}

function orThrow(answer: AgentIdentity | ApiError): AgentIdentity {
  if (answer instanceof ApiError) throw answer;
  return answer;
}
