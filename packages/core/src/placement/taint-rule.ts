import type { Toleration } from '@kube-prefetch/protocol';
import type { Node, Taint } from '../state/cluster-state.ts';
import { CONDITION_TAINTS, startupTaintMatcher } from './passing-taints.ts';
import type { Placement, PlacementRule } from './placement.ts';
import { describeTaint, tolerates } from './toleration.ts';

/**
 * | taint                                          | decides                                          |
 * | ---------------------------------------------- | ------------------------------------------------ |
 * | PreferNoSchedule                               | nothing: a preference                            |
 * | a state of the node (`CONDITION_TAINTS`)       | nothing here: Held, or not Ready                 |
 * | of a node that starts up (`STARTUP_TAINTS`  ) | nothing: the node is filled before pods may land |
 * | NoSchedule                                     | needs a toleration, unless the pod has a nodeName|
 * | NoExecute                                      | needs a toleration                               |
 *
 * A pod with a nodeName passes the scheduler by; only NoExecute is the kubelet's to enforce.
 */
export function taintRule(
  { nodeName, tolerations, daemonSet }: Pick<Placement['pod'], 'nodeName' | 'tolerations' | 'daemonSet'>,
  startupTaints: readonly string[],
): PlacementRule {
  const isStartup = startupTaintMatcher(startupTaints);
  const effects = nodeName ? ['NoExecute'] : ['NoSchedule', 'NoExecute'];
  const decides = (taint: Taint) =>
    effects.includes(taint.effect) && !CONDITION_TAINTS.has(taint.key) && !isStartup(taint.key);
  const tolerated = daemonSet ? [...tolerations, ...DAEMON_SET_TOLERATIONS] : tolerations;
  const refusing = (node: Node) => node.taints.find(taint => decides(taint) && !isTolerated(taint, tolerated));
  return {
    holds: node => node.taints.length === 0 || refusing(node) === undefined,
    describe: node => {
      const taint = refusing(node);
      if (taint !== undefined) return `the node has the taint ${describeTaint(taint)}; no toleration matches it`;
      const passed = node.taints.filter(decides).map(describeTaint);
      return passed.length === 0 ? '' : `tolerations match the node's ${passed.join(', ')}`;
    },
  };
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(toleration => tolerates(toleration, taint));
}

/** What the DaemonSet controller adds to the pods it makes (AddOrUpdateDaemonPodTolerations in its source). */
const DAEMON_SET_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
