import { compilePattern } from '@kube-prefetch/protocol';
import type { Node } from '../state/cluster-state.ts';

const CORDONED = 'node.kubernetes.io/unschedulable';
const DISK_PRESSURE = 'node.kubernetes.io/disk-pressure';
/** What Cluster Autoscaler and Karpenter put on a node that they are about to delete. */
const DELETION_TAINTS = ['ToBeDeletedByClusterAutoscaler', 'karpenter.sh/disrupted'];

/**
 * Taints that repeat what other rules judge already, so they never decide where an image is wanted: a node that is
 * cordoned, under disk pressure or being deleted is Held (`heldBecause`), one that is not ready or cannot be reached keeps
 * its plan and does not count against Warm.
 */
export const CONDITION_TAINTS: ReadonlySet<string> = new Set([
  CORDONED,
  DISK_PRESSURE,
  ...DELETION_TAINTS,
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
]);

/** Why nothing may start on the node now; undefined: it may. The taint counts too: it can come before the field. */
export function heldBecause(node: Node): string | undefined {
  const reasons = [
    ...(node.deleting || DELETION_TAINTS.some(key => isTainted(node, key)) ? ['being deleted'] : []),
    ...(node.unschedulable || isTainted(node, CORDONED) ? ['cordoned'] : []),
    ...(node.diskPressure || isTainted(node, DISK_PRESSURE) ? ['under disk pressure'] : []),
  ];
  return reasons.length === 0 ? undefined : reasons.join(', ');
}

function isTainted(node: Node, key: string): boolean {
  return node.taints.some(taint => taint.key === key);
}

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
