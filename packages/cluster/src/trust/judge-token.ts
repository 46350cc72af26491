import { ApiError } from '@kube-prefetch/protocol';
import type { AgentIdentity } from '../ports/trust.ts';
import type { TokenReview } from '../api/kube-api.ts';

/** What a token must say to be an agent's. */
export interface AgentTokens {
  readonly audience: string;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

const NODE = 'authentication.kubernetes.io/node-name';
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

/** Which node's agent sent this token, or why it is not an agent's. */
export function judgeToken(review: TokenReview, { audience, serviceAccount }: AgentTokens): AgentIdentity | ApiError {
  if (!review.authenticated) {
    return new ApiError('Unauthenticated', `the API server does not accept the token: ${review.error}`);
  }
  if (!review.audiences.includes(audience)) {
    return new ApiError('Unauthenticated', `expected a token for the audience ${JSON.stringify(audience)}`);
  }
  const agent = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`;
  if (review.username !== agent) {
    return new ApiError('Forbidden', `expected a token of ${agent}, got one of ${review.username}`);
  }
  const node = review.extra[NODE]?.[0];
  const name = review.extra[POD_NAME]?.[0];
  const uid = review.extra[POD_UID]?.[0];
  if (node === undefined || name === undefined || uid === undefined) {
    return new ApiError(
      'Forbidden',
      'expected a token that the kubelet gave to a pod: this one is bound to no pod on a node',
    );
  }
  return { node, pod: { name, uid } };
}
