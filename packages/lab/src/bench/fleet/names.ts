/** How the simulated release names its parts: the stand-in, the coordinator and the agents agree on them. */
export const NAMESPACE = 'kube-prefetch';
/** The Lease, the Secret and the ConfigMap of the coordinator. */
export const OWN = 'coordinator';
export const SERVICE = `coordinator.${NAMESPACE}.svc`;
export const AGENTS = {
  serviceAccount: 'agent',
  audience: 'kube-prefetch',
  keyId: 'stand-in',
} as const;
