import type { FailureKind } from '@kube-prefetch/protocol';

/**
 * What the status of a Prefetch says of a failure, in place of the runtime's words: those repeat what a host on the nodes'
 * network answered, and whoever may create a Prefetch chooses the host. docs/failures.md says more.
 */
export const FAILURE_MEANINGS: Readonly<Record<FailureKind, string>> = {
  NotFound: 'the registry has no such repository, tag or digest',
  NoPlatform: "the registry does not have the image for the node's platform",
  InvalidReference: 'the runtime does not accept the text as an image reference',
  Unauthorized: 'the registry wants credentials, or other ones, or the policy of the node refuses the image',
  RateLimited: 'the registry refuses because of too many requests',
  RegistryUnavailable: 'the registry cannot be reached, or does not answer as a registry',
  DiskFull: 'the file system of the images has no room on the node',
  Corrupt: 'what arrived is not what its digest promises, or cannot be unpacked',
  NotAnImage: 'what the reference names is no container image',
  RuntimeUnavailable: 'the container runtime does not answer, or cannot work',
  RuntimeMismatch: 'the runtime that answers is not the one of the kubelet',
  Stalled: 'the download stood still and was stopped',
  Evicted: 'the image was deleted from the node again and again',
  Outdated: 'the pull brought other contents than the tag stands for: a mirror answered, or the tag has moved again',
  Cancelled: 'the runtime stopped the pull by itself',
  Unknown: "an error that no rule recognises: the log of the node's agent has it",
};
