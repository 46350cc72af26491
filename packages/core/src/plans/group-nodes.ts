import { hash } from 'node:crypto';
import type { Ask } from '../ask.ts';
import { byText } from '../asks/pull-order.ts';
import type { Node } from '../cluster-state.ts';
import type { Cohort } from '../cohort.ts';
import { compilePlacement } from '../placement/match-node.ts';
import { heldBecause } from '../placement/node-conditions.ts';
import { digestAsks } from './digest-asks.ts';

/**
 * Puts every node into exactly one cohort; cohorts are in the order of their keys. `startupTaints`: patterns of taint keys
 * to ignore beside the built-in list.
 */
export function groupNodes(
  asks: readonly Ask[],
  nodes: readonly Node[],
  startupTaints: readonly string[] = [],
): readonly Cohort[] {
  const reach = compileReach(asks, startupTaints);
  const digests = digestAsks(asks);
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const placements = reach.placementsOf(node);
    const condition = conditionOf(node);
    const key = JSON.stringify([placements, condition]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { condition, placements, nodes: [node.name] });
    else group.nodes.push(node.name);
  }
  return [...groups.values()]
    .map(group => cohortOf(group, reach.asksOf(group.placements), digests))
    .sort((a, b) => byText(a.key, b.key));
}

type Condition = Pick<Cohort, 'held' | 'ready' | 'runtimeVersion'>;

interface Group {
  readonly condition: Condition;
  readonly placements: readonly number[];
  readonly nodes: string[];
}

/** Placements by number: equal ones share an identity, so each is compared with each node once, whoever asks. */
function compileReach(asks: readonly Ask[], startupTaints: readonly string[]) {
  const byPlacement = Map.groupBy(asks.entries(), ([, ask]) => ask.placement);
  const reaches = [...byPlacement.keys()].map(placement => compilePlacement(placement, startupTaints));
  const entries = [...byPlacement.values()];
  return {
    placementsOf(node: Node): readonly number[] {
      const reached: number[] = [];
      reaches.forEach((reachesNode, placement) => {
        if (reachesNode(node)) reached.push(placement);
      });
      return reached;
    },
    /** In the order of `asks`. */
    asksOf(placements: readonly number[]): readonly Ask[] {
      const reaching = placements.flatMap(placement => entries[placement] ?? []);
      return reaching.sort(([a], [b]) => a - b).map(([, ask]) => ask);
    },
  };
}

function conditionOf(node: Node): Condition {
  return { held: heldBecause(node), ready: node.ready, runtimeVersion: node.runtimeVersion };
}

function cohortOf({ condition, nodes }: Group, asks: readonly Ask[], digests: ReadonlyMap<Ask, string>): Cohort {
  const parts = asks.map(ask => digests.get(ask) ?? '').sort();
  const key = hash('sha256', JSON.stringify([condition, parts]));
  return { key, asks, nodes: nodes.sort(byText), ...condition };
}
