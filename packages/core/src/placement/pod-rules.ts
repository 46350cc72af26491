import type { Labels, Node, NodeSelector } from '../state/cluster-state.ts';
import { compileNodeSelector, describeNodeSelector } from '../selectors/node-selector.ts';
import { describeLabels, type Placement, type PlacementRule } from './placement.ts';
import { taintRule } from './needed-tolerations.ts';

/** What decides where the scheduler could put the pod, in the order in which it is told; CPU and memory aside. */
export function podRules(pod: Placement['pod'], startupTaints: readonly string[]): readonly PlacementRule[] {
  return [
    ...(pod.nodeName ? [nodeNameRule(pod.nodeName)] : []),
    ...(pod.nodeSelector ? [nodeSelectorRule(pod.nodeSelector)] : []),
    ...(pod.nodeAffinity ? [nodeAffinityRule(pod.nodeAffinity)] : []),
    taintRule(pod, startupTaints),
    ...(pod.os ? [osRule(pod.os)] : []),
    ...Object.entries(pod.extendedResources).map(extendedResourceRule),
  ];
}

function nodeNameRule(nodeName: string): PlacementRule {
  return {
    holds: node => node.name === nodeName,
    describe: node => `nodeName wants ${nodeName}; the node is ${node.name}`,
  };
}

function nodeSelectorRule(nodeSelector: Labels): PlacementRule {
  const wanted = Object.entries(nodeSelector);
  if (wanted.length === 0) return { holds: () => true, describe: () => '' };
  const text = wanted.map(([key, value]) => `${key}=${value}`).join(', ');
  return {
    holds: ({ labels }) => wanted.every(([key, value]) => labels[key] === value && Object.hasOwn(labels, key)),
    describe: ({ labels }) => `nodeSelector wants ${text}; ${describeLabels(Object.keys(nodeSelector), labels)}`,
  };
}

function nodeAffinityRule(nodeAffinity: NodeSelector): PlacementRule {
  const matches = compileNodeSelector(nodeAffinity);
  const keys = nodeAffinity.terms.flatMap(term => term.matchExpressions.map(({ key }) => key));
  return {
    holds: matches,
    describe: ({ name, labels }) =>
      `required node affinity wants ${describeNodeSelector(nodeAffinity)}; ${
        keys.length === 0 ? `the node is ${name}` : describeLabels(keys, labels)
      }`,
  };
}

/** The kubelet labels every node, so only nodes written by hand lack the label; those are taken for Linux. */
function osRule(os: string): PlacementRule {
  const osOf = (node: Node) => node.labels['kubernetes.io/os'] ?? 'linux';
  return {
    holds: node => osOf(node) === os,
    describe: node => `the pod's operating system is ${os}; the node's is ${osOf(node)}`,
  };
}

/** What other pods of the node use is left aside: they may be gone when the pod comes. */
function extendedResourceRule([resource, wanted]: readonly [string, number]): PlacementRule {
  return {
    holds: ({ extendedResources, expectedResources }) =>
      (extendedResources[resource] ?? 0) >= wanted || (expectedResources?.[resource]?.amount ?? 0) >= wanted,
    describe: ({ extendedResources, expectedResources }) => {
      const expected = expectedResources?.[resource];
      const also =
        expected === undefined ? '' : `, but counts as having ${amountText(expected.amount)}: ${expected.because}`;
      return `the pod requests ${wanted} ${resource}; the node has ${extendedResources[resource] ?? 'none'}${also}`;
    },
  };
}

function amountText(amount: number): string {
  return amount === Infinity ? 'any number' : String(amount);
}
