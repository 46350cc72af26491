import type { AffinityTerm } from '../oracle/affinity-cases.ts';
import type { Pair } from './pair-cases.ts';
import type { Outcome } from './real-scheduler.ts';

/** What a pair is about and what became of it. */
export function branchesOf({ about, node, pod }: Pair, outcome: Outcome): readonly string[] {
  const general = `${about}: ${outcome}`;
  if (about === 'affinity') return [general, `${shapeOf(pod.terms ?? [])}: ${outcome}`];
  if (about === 'taints')
    return [general, ...new Set((node.taints ?? []).map(({ effect }) => `${effect}: ${outcome}`))];
  if (about === 'extended resources') return [general, `${supplyOf(node.gpus, pod.gpus ?? 0)}: ${outcome}`];
  return [general];
}

function shapeOf([first, ...others]: readonly AffinityTerm[]): string {
  if (others.length > 0) return 'several terms';
  const { matchExpressions = [], matchFields = [] } = first ?? {};
  if (matchExpressions.length + matchFields.length > 1) return 'several requirements in a term';
  if (matchExpressions[0] !== undefined) return `${matchExpressions[0].operator} alone`;
  return matchFields[0] === undefined ? 'an empty term alone' : `field ${matchFields[0].operator} alone`;
}

function supplyOf(has: number | undefined, wanted: number): string {
  if (has === undefined) return 'the node does not know the resource';
  if (has === 0) return 'the node has none';
  return has < wanted ? 'the node has too few' : 'the node has enough';
}
