import { ApiError } from '@kube-prefetch/protocol';
import type { AgentTokens } from './judge-token.ts';

/** What a token says of itself. Anybody can write such a token: use this to refuse one, never to accept it. */
export interface TokenClaims {
  readonly audiences: readonly unknown[];
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: unknown;
  readonly podUid: unknown;
  readonly node: unknown;
  /** In milliseconds since the Unix epoch; absent where it never ends. */
  readonly endMs?: number;
  readonly algorithm: unknown;
  readonly keyId: unknown;
  /** What the signature signs. */
  readonly signed: string;
  readonly signature: Buffer;
}

/** Clocks may differ: only this long after its end does a token count as expired without asking the API server. */
const CLOCKS_DIFFER_MS = 10 * 60_000;

/** Undefined for what is no JSON Web Token (RFC 7519). */
export function readClaims(token: string): TokenClaims | undefined {
  const [head, payload, signature, ...more] = token.split('.');
  if (head === undefined || payload === undefined || signature === undefined || more.length > 0) return undefined;
  const header = decode(head);
  const claims = decode(payload);
  if (header === undefined || claims === undefined) return undefined;
  const bound = inner(claims, 'kubernetes.io');
  return {
    audiences: Array.isArray(claims.aud) ? claims.aud : [claims.aud],
    subject: claims.sub,
    podUid: inner(bound, 'pod').uid,
    node: inner(bound, 'node').name,
    ...(typeof claims.exp === 'number' && { endMs: claims.exp * 1000 }),
    algorithm: header.alg,
    keyId: header.kid,
    signed: `${head}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/**
 * Why a token that says this can't be an agent's; undefined if it may be one. Its issuer is not looked at: during a change of
 * issuers the API server accepts two, and a signature says more.
 */
export function refuseByClaims(
  claims: TokenClaims,
  { audience, serviceAccount }: AgentTokens,
  wallMs: number,
): ApiError | undefined {
  const agent = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`;
  if (!claims.audiences.includes(audience)) {
    return new ApiError('Unauthenticated', `expected a token for the audience ${JSON.stringify(audience)}`);
  }
  if (claims.subject !== agent) {
    return new ApiError('Forbidden', `expected a token of ${agent}, got one of ${short(claims.subject)}`);
  }
  if (typeof claims.node !== 'string' || typeof claims.podUid !== 'string') {
    return new ApiError(
      'Forbidden',
      'expected a token that the kubelet gave to a pod: this one is bound to no pod on a node',
    );
  }
  if (claims.endMs !== undefined && claims.endMs < wallMs - CLOCKS_DIFFER_MS) {
    return new ApiError('Unauthenticated', 'the token has expired');
  }
  return undefined;
}

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(Buffer.from(part, 'base64url').toString()));
  } catch {
    return undefined;
  }
}

function inner(object: Readonly<Record<string, unknown>>, field: string): Readonly<Record<string, unknown>> {
  return objectOf(object[field]) ?? {};
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function short(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : 'nobody';
}
