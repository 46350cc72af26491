import type { Node } from '../state/cluster-state.ts';
import { choiceRules } from './node-choice-rules.ts';
import { heldBecause } from './passing-taints.ts';
import { podRules } from './pod-rules.ts';
import type { Placement, PlacementRule, Verdict } from './placement.ts';

/** `startupTaints`: patterns of taint keys to ignore beside the built-in list. */
export function matchNode(placement: Placement, node: Node, startupTaints: readonly string[] = []): Verdict {
  const rules = rulesOf(placement, startupTaints);
  const refusing = rules.find(rule => !rule.holds(node));
  if (refusing !== undefined) return { verdict: 'No', sentence: refusing.describe(node) };
  const wanted = describeYes(placement, rules, node);
  const held = heldBecause(node);
  if (held === undefined) return { verdict: 'Yes', sentence: wanted };
  return { verdict: 'Held', sentence: `the node is ${held}: what it has stays, nothing starts; ${wanted}` };
}

/** Whether the verdict is not No, for many nodes: the placement is read once and no sentence is made. */
export function compilePlacement(placement: Placement, startupTaints: readonly string[]): (node: Node) => boolean {
  const rules = rulesOf(placement, startupTaints);
  return node => rules.every(rule => rule.holds(node));
}

function rulesOf({ choice, pod }: Placement, startupTaints: readonly string[]): readonly PlacementRule[] {
  return [
    ...(choice === undefined ? [] : choiceRules(choice)),
    ...(choice?.placement === 'All' ? [] : podRules(pod, startupTaints)),
  ];
}

function describeYes({ choice }: Placement, rules: readonly PlacementRule[], node: Node): string {
  const all = choice?.placement === 'All' ? ['nodes.placement is All'] : [];
  const sentence = [...all, ...rules.map(rule => rule.describe(node)).filter(text => text !== '')].join('; ');
  return sentence || 'nothing keeps it from this node';
}
