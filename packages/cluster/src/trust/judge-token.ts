import { ApiError } from '@kube-prefetch/protocol';
import type { AgentIdentity } from '../ports/node-identity.ts';
import type { TokenVerdict } from '../api/kube-api.ts';

/** Whom the agents' tokens are of and for. */
export interface AgentTokens {
  readonly audience: string;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

const NODE = 'authentication.kubernetes.io/node-name';
const POD = 'authentication.kubernetes.io/pod-uid';

/** Whose agent a reviewed token is, or why it is none's. */
export function judgeToken(verdict: TokenVerdict, { audience, serviceAccount }: AgentTokens): AgentIdentity | ApiError {
  if (!verdict.authenticated) {
    return new ApiError('Unauthenticated', `the API server does not accept the token: ${verdict.error}`);
  }
  if (!verdict.audiences.includes(audience)) {
    return new ApiError('Unauthenticated', `expected a token for the audience ${JSON.stringify(audience)}`);
  }
  const agent = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`;
  if (verdict.username !== agent) {
    return new ApiError('Forbidden', `expected a token of ${agent}, got one of ${verdict.username}`);
  }
  const node = verdict.extra[NODE]?.[0];
  const podUid = verdict.extra[POD]?.[0];
  if (node === undefined || podUid === undefined) {
    return new ApiError(
      'Forbidden',
      'expected a token that the kubelet gave to a pod: this one is bound to no pod on a node',
    );
  }
  return { node, podUid };
}
