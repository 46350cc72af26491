import type { Toleration } from '@kube-prefetch/protocol';
import type { Placement } from '../ask.ts';
import type { Node, Taint } from '../cluster-state.ts';
import { DAEMON_SET_TOLERATIONS } from './daemon-set-tolerations.ts';
import { CONDITION_TAINTS } from './node-conditions.ts';
import type { Rule } from './rule.ts';
import { startupTaintMatcher } from './startup-taints.ts';
import { describeTaint, tolerates } from './toleration.ts';

/**
 * | taint                                          | decides                                          |
 * | ---------------------------------------------- | ------------------------------------------------ |
 * | PreferNoSchedule                               | nothing: a preference                            |
 * | a state of the node (`CONDITION_TAINTS`)       | nothing here: Held, or not Ready                 |
 * | of a node that starts up (`startup-taints.ts`) | nothing: the node is filled before pods may land |
 * | NoSchedule                                     | needs a toleration, unless the pod has a nodeName|
 * | NoExecute                                      | needs a toleration                               |
 *
 * A pod with a nodeName passes the scheduler by; only NoExecute is the kubelet's to enforce.
 */
export function taintRule(
  { nodeName, tolerations, daemonSet }: Pick<Placement['pod'], 'nodeName' | 'tolerations' | 'daemonSet'>,
  startupTaints: readonly string[],
): Rule {
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
