import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { JsonWebKey, TokenReview } from '../../src/api/kube-api.ts';

/** Whose an accepted token is. */
export type TokenHolder = Omit<TokenReview & { authenticated: true }, 'authenticated'>;

/** What a token of an agent's pod says, beside its ends. */
export interface TokenContent {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audiences: readonly string[];
  /** Empty in a token that is bound to no pod on a node, and so is the next. */
  readonly node?: string;
  readonly podUid?: string;
  /** In milliseconds since the Unix epoch. */
  readonly endMs?: number;
}

/** Signs tokens as an API server does, or as somebody who would like to be one. */
export interface TokenSigner {
  readonly key: JsonWebKey;
  sign(content: TokenContent): string;
}

let made = 0;

export function createTokenSigner(): TokenSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return { key: { ...jwk, kid, alg: 'ES256', use: 'sig' }, sign: content => signed(privateKey, kid, content) };
}

function signed(privateKey: KeyObject, kid: string, content: TokenContent): string {
  const { namespace, serviceAccount, audiences, node, podUid, endMs } = content;
  made += 1;
  const claims = {
    jti: String(made),
    aud: audiences,
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    ...(endMs !== undefined && { exp: endMs / 1000 }),
    'kubernetes.io': {
      namespace,
      ...(node && { node: { name: node } }),
      ...(podUid && { pod: { uid: podUid } }),
    },
  };
  const text = `${encoded({ alg: 'ES256', kid })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** What the API server would say of the bearer of such a token. */
export function holderOf({ namespace, serviceAccount, audiences, node, podUid }: TokenContent): TokenHolder {
  return {
    username: `system:serviceaccount:${namespace}:${serviceAccount}`,
    audiences,
    extra: {
      ...(node && { 'authentication.kubernetes.io/node-name': [node] }),
      ...(podUid && {
        'authentication.kubernetes.io/pod-name': [`pod-${podUid}`],
        'authentication.kubernetes.io/pod-uid': [podUid],
      }),
    },
  };
}
