import { compilePattern } from '@kube-prefetch/protocol';

/**
 * Keys, as patterns, of taints that a node carries only until it is set up: it is filled before pods may land. Everything
 * under our own prefix is a node waiting for us.
 */
const STARTUP_TAINTS = [
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/network-unavailable',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'startup-taint.cluster-autoscaler.kubernetes.io/*',
  'kube-prefetch.io/*',
];

/** Whether a taint's key is one of them, or matches one of `more`. */
export function startupTaintMatcher(more: readonly string[]): (key: string) => boolean {
  const patterns = [...STARTUP_TAINTS, ...more].map(compilePattern);
  return key => patterns.some(matches => matches(key));
}
