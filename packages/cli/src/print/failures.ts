import type { CredentialReason, FailureKind } from '@kube-prefetch/protocol';

type Reason = FailureKind | CredentialReason;

/** What a person can do about it; docs/failures.md and docs/status.md say the same at length, and a test compares the names. */
export const REMEDIES: Readonly<Record<Reason, string>> = {
  NotFound: 'correct the reference, or push the image',
  NoPlatform: "push the image for the node's platform, or keep it off these nodes with spec.nodes",
  InvalidReference: 'correct the reference where the pod template or the resource names it',
  Unauthorized: 'let the credentials that the node pulls with read the image',
  NotAnImage: 'correct the reference: what it names is no container image',
  RateLimited: 'nothing, or use a registry with a higher limit',
  RegistryUnavailable: "look at the registry, and at the node's network, proxies and DNS",
  DiskFull: 'make room on the node',
  Corrupt: 'push the image again; look at proxies on the way',
  RuntimeUnavailable: 'start the container runtime; where it runs, look at the node',
  RuntimeMismatch: "give the agent the socket of the kubelet's runtime",
  Stalled: 'look at the registry and the network',
  Evicted: "make room on the node, or raise the kubelet's imageGCHighThresholdPercent",
  Outdated: 'keep tags that move from mirrors that answer for them',
  Cancelled: 'nothing: it is tried again',
  Unknown: 'read the message',
  PullSecretMissing: 'create the Secret, or correct its name',
  PullSecretInvalid: 'correct what the Secret holds',
  PullSecretForbidden: 'let the coordinator read the Secret (chart value credentials.secrets)',
  PullSecretUnread: 'nothing: it is read again',
  ServiceAccountMissing: 'create the ServiceAccount, or correct its name',
  ServiceAccountUnread: 'nothing: it is read again',
};
