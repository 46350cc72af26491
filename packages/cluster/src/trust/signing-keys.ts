import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Clock, untilAborted, withDeadline } from '@kube-prefetch/time';
import type { JsonWebKey, KubeTokens } from '../api/kube-api.ts';
import type { TokenClaims } from './token-claims.ts';

/** `Unknown`: the keys cannot be had. */
export type Signature = 'Good' | 'Bad' | 'Unknown';

/** Tells whether the API server's keys signed a token, and so whether asking about it is worth a review. */
export interface SigningKeys {
  judge(claims: TokenClaims, signal: AbortSignal): Promise<Signature>;
}

/** An unknown key causes at most one read in this time, however many tokens name one. */
const READ_AGAIN_MS = 10_000;
/** A key that was taken back is forgotten after this time. */
const READ_ANYWAY_MS = 10 * 60_000;
const READ_WITHIN_MS = 10_000;
const MAX_KEYS = 100;

/** The algorithms that Kubernetes signs with, its external signers (KEP-740) included. */
const DIGESTS: Readonly<Record<string, { readonly digest: string; readonly type: string }>> = {
  RS256: { digest: 'sha256', type: 'rsa' },
  ES256: { digest: 'sha256', type: 'ec' },
  ES384: { digest: 'sha384', type: 'ec' },
  ES512: { digest: 'sha512', type: 'ec' },
};

/** Keeps the keys that it read last while they cannot be read again. */
export function createSigningKeys({ api, clock }: { readonly api: KubeTokens; readonly clock: Clock }): SigningKeys {
  let keys: ReadonlyMap<unknown, KeyObject> | undefined;
  let readAtMs = -Infinity;
  let reading: Promise<void> | undefined;

  const read = async () => {
    const { signal } = new AbortController();
    try {
      const what = "reading the API server's signing keys";
      keys = toKeys(await withDeadline(clock, READ_WITHIN_MS, signal, what, inTime => api.signingKeys(inTime)));
    } catch {
      // The token's review tells what is wrong with the API server.
    } finally {
      readAtMs = clock.monotonicMs();
      reading = undefined;
    }
  };

  return {
    async judge(claims, signal) {
      const ageMs = clock.monotonicMs() - readAtMs;
      const known = keys?.has(claims.keyId) === true;
      if (ageMs >= READ_ANYWAY_MS || (!known && ageMs >= READ_AGAIN_MS)) {
        await untilAborted((reading ??= read()), signal);
      }
      if (keys === undefined) return 'Unknown';
      const key = keys.get(claims.keyId);
      return key !== undefined && isSignedBy(key, claims) ? 'Good' : 'Bad';
    },
  };
}

/** By `kid`. What is no public key is left out. */
function toKeys(keys: readonly JsonWebKey[]): ReadonlyMap<unknown, KeyObject> {
  const found = new Map<unknown, KeyObject>();
  for (const key of keys.slice(0, MAX_KEYS)) {
    try {
      found.set(key.kid, createPublicKey({ key, format: 'jwk' }));
    } catch {
      continue;
    }
  }
  return found;
}

function isSignedBy(key: KeyObject, { algorithm, signed, signature }: TokenClaims): boolean {
  const known = typeof algorithm === 'string' && Object.hasOwn(DIGESTS, algorithm) ? DIGESTS[algorithm] : undefined;
  if (known === undefined || key.asymmetricKeyType !== known.type) return false;
  return verify(known.digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}
