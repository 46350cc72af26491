import type { AgentPod, NodeIdentity } from '@kube-prefetch/cluster';
import { ApiError } from '@kube-prefetch/protocol';
import type { FastifyRequest } from 'fastify';

/** Far more than any token has. */
const MAX_TOKEN_LENGTH = 16_384;

/** The pod of the agent that asks. Throws ApiError unless it runs on the node that the path names. */
export async function requireOwnNode(
  identity: NodeIdentity,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<AgentPod> {
  const caller = await identity.identify(tokenOf(request), request.ip, signal);
  const { node } = request.params as { node?: string };
  if (node === undefined || node === caller.node) return caller.pod;
  throw new ApiError(
    'Forbidden',
    `pod ${caller.pod.uid} runs on the node ${JSON.stringify(caller.node)} and may not speak for ${JSON.stringify(node)}`,
  );
}

function tokenOf({ headers }: FastifyRequest): string {
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined && token.length <= MAX_TOKEN_LENGTH) return token;
  throw new ApiError('Unauthenticated', 'expected the header "authorization: Bearer TOKEN"');
}
