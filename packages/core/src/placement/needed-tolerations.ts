import type { Toleration } from '@kube-prefetch/protocol';
import type { Node, Taint } from '../state/cluster-state.ts';
import { passingTaintMatcher } from './passing-taints.ts';
import type { Placement, PlacementRule } from './placement.ts';
import { describeTaint, tolerates } from './toleration.ts';

/**
 * | taint                                    | decides                                            |
 * | ---------------------------------------- | -------------------------------------------------- |
 * | PreferNoSchedule                         | nothing: a preference                              |
 * | passes by itself (`passing-taints.ts`)   | nothing here; some make the node Held              |
 * | NoSchedule                               | needs a toleration, unless the pod has a nodeName  |
 * | NoExecute                                | needs a toleration                                 |
 *
 * A pod with a nodeName does not go through the scheduler, and the kubelet enforces only NoExecute. The tolerations that the
 * DaemonSet controller adds to its pods are all of taints that pass by themselves.
 */
export function taintRule(
  { nodeName, tolerations }: Pick<Placement['pod'], 'nodeName' | 'tolerations'>,
  startupTaints: readonly string[],
): PlacementRule {
  const passes = passingTaintMatcher(startupTaints);
  const effects = nodeName ? ['NoExecute'] : ['NoSchedule', 'NoExecute'];
  const decides = (taint: Taint) => effects.includes(taint.effect) && !passes(taint);
  const refusing = (node: Node) => node.taints.find(taint => decides(taint) && !isTolerated(taint, tolerations));
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
