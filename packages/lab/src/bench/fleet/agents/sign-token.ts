import { createPrivateKey, sign } from 'node:crypto';
import { AGENTS, NAMESPACE as namespace } from '../names.ts';

/** A token as the kubelet gives one to the agent's pod on a node. */
export function tokenSigner(privateKeyPem: string): (node: string, podUid: string) => string {
  const key = createPrivateKey(privateKeyPem);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const header = encode({ alg: 'RS256', kid: AGENTS.keyId });
  return (node, podUid) => {
    const now = Math.floor(Date.now() / 1_000);
    const { serviceAccount } = AGENTS;
    const payload = encode({
      aud: [AGENTS.audience],
      exp: now + 3_600,
      iat: now,
      iss: 'https://kubernetes.default.svc.cluster.local',
      jti: podUid,
      'kubernetes.io': {
        namespace,
        node: { name: node, uid: podUid },
        pod: { name: `agent-${node}`, uid: podUid },
        serviceaccount: { name: serviceAccount, uid: '00000000-0000-4000-8000-000000000001' },
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    });
    const signed = `${header}.${payload}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  };
}
