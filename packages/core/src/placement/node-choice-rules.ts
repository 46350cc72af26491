import { compilePattern, type NodeChoice } from '@kube-prefetch/protocol';
import { compileSelector, describeSelector, keysOf } from '../selectors/label-selector.ts';
import { describeLabels, type PlacementRule } from './placement.ts';

/** What `spec.nodes` says itself, whatever the pod says. An empty list or selector restricts nothing. */
export function choiceRules(choice: NodeChoice): readonly PlacementRule[] {
  const { names = [], selector = {} } = choice;
  return [
    ...(names.length > 0 ? [namesRule(names)] : []),
    ...(keysOf(selector).length > 0 ? [selectorRule(selector)] : []),
  ];
}

function namesRule(names: readonly string[]): PlacementRule {
  const patterns = names.map(compilePattern);
  return {
    holds: node => patterns.some(matches => matches(node.name)),
    describe: node => `nodes.names wants ${names.join(' or ')}; the node is ${node.name}`,
  };
}

function selectorRule(selector: NonNullable<NodeChoice['selector']>): PlacementRule {
  const matches = compileSelector(selector);
  return {
    holds: node => matches(node.labels),
    describe: node =>
      `nodes.selector wants ${describeSelector(selector)}; ${describeLabels(keysOf(selector), node.labels)}`,
  };
}
