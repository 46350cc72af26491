import { compilePattern } from '@kube-prefetch/protocol';
import type { Node, Pressure, Taint } from '../state/cluster-state.ts';

interface PassingTaint {
  /** A key, as a pattern. */
  readonly taint: string;
  /** What the node is in the meantime, so that nothing may start there; undefined: the taint decides nothing. */
  readonly held: string | undefined;
}

/** Taints that say what a node is going through, not which pods it is for. docs/taints.md tells who sets them. */
export const PASSING_TAINTS: readonly PassingTaint[] = [
  ...wanted(
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/network-unavailable',
    'node.cloudprovider.kubernetes.io/uninitialized',
    'startup-taint.cluster-autoscaler.kubernetes.io/*',
    'ignore-taint.cluster-autoscaler.kubernetes.io/*',
    'karpenter.sh/unregistered',
    'node.cluster.x-k8s.io/uninitialized',
    'readiness.k8s.io/*',
    'node.gardener.cloud/critical-components-not-ready',
    'nidhogg.uswitch.com/*',
    'node.cilium.io/agent-not-ready',
    'cni.istio.io/not-ready',
    'agent.datadoghq.com/not-ready',
    '*/agent-not-ready',
    'kube-prefetch.io/*',
    'node.kubernetes.io/unreachable',
    'NodeWithImpairedVolumes',
    'status-taint.cluster-autoscaler.kubernetes.io/*',
    'DeletionCandidateOfClusterAutoscaler',
  ),
  ...held(
    'being deleted',
    'ToBeDeletedByClusterAutoscaler',
    'karpenter.sh/disrupted',
    'karpenter.sh/disruption',
    'cloud.google.com/impending-node-termination',
    'aws-node-termination-handler/*',
  ),
  ...held('shut down', 'node.kubernetes.io/out-of-service', 'node.cloudprovider.kubernetes.io/shutdown'),
  ...held('being repaired', 'medik8s.io/remediation', 'remediator.kubernetes.azure.com/unschedulable'),
  ...held('cordoned', 'node.kubernetes.io/unschedulable'),
  ...held('under disk pressure', 'node.kubernetes.io/disk-pressure'),
  ...held('under memory pressure', 'node.kubernetes.io/memory-pressure'),
  ...held('under PID pressure', 'node.kubernetes.io/pid-pressure'),
  ...held('under contention', 'node.kubernetes.io/*-contention-pressure'),
];

const HELD_BY_PRESSURE: Readonly<Record<Pressure, string>> = {
  DiskPressure: 'under disk pressure',
  MemoryPressure: 'under memory pressure',
  PIDPressure: 'under PID pressure',
};

/** Why nothing may start on the node now; undefined: it may. A taint can come before the field or condition, and the other way round. */
export function heldBecause({ deleting, unschedulable, pressures, taints }: Node): string | undefined {
  const reasons = new Set([
    ...(deleting ? ['being deleted'] : []),
    ...(unschedulable ? ['cordoned'] : []),
    ...pressures.map(pressure => HELD_BY_PRESSURE[pressure]),
    ...taints.flatMap(({ key }) => COMPILED.find(({ matches }) => matches(key))?.held ?? []).sort(),
  ]);
  return reasons.size === 0 ? undefined : [...reasons].join(', ');
}

/** Whether a taint passes by itself: it is in the table, or its key matches one of `startupTaints`. */
export function passingTaintMatcher(startupTaints: readonly string[]): (taint: Taint) => boolean {
  const patterns = [...COMPILED.map(({ matches }) => matches), ...startupTaints.map(compilePattern)];
  const known = new Map<string, boolean>();
  return ({ key }) => {
    const passes = known.get(key) ?? patterns.some(matches => matches(key));
    known.set(key, passes);
    return passes;
  };
}

const COMPILED = PASSING_TAINTS.map(row => ({ ...row, matches: compilePattern(row.taint) }));

function wanted(...taints: readonly string[]): readonly PassingTaint[] {
  return taints.map(taint => ({ taint, held: undefined }));
}

function held(state: string, ...taints: readonly string[]): readonly PassingTaint[] {
  return taints.map(taint => ({ taint, held: state }));
}
