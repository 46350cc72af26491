import { hash } from 'node:crypto';
import { resourceName } from '@kube-prefetch/protocol';
import { type Ask, byText } from '../asks/ask.ts';
import { pullSecretsKey } from '../asks/pull-secrets.ts';
import { placementKey } from '../placement/equal-placements.ts';
import { compilePlacement } from '../placement/match-node.ts';
import { heldBecause } from '../placement/passing-taints.ts';
import type { Placement } from '../placement/placement.ts';
import type { Node } from '../state/cluster-state.ts';

/** The nodes that the same asks reach and that are in the same state. They share a plan. */
export interface Cohort {
  /** A hash of asks and state: it stays while they do. */
  readonly key: string;
  readonly asks: readonly Ask[];
  /** Sorted. */
  readonly nodes: readonly string[];
  /** Why nothing may start on them now. */
  readonly held: string | undefined;
  /** False: their cells do not hold back Warm. */
  readonly ready: boolean;
  /** An agent can run on them. False: their cells are counted apart. */
  readonly applicable: boolean;
  readonly runtimeVersion: string | undefined;
  /** Their plan is incomplete, whatever else was read. */
  readonly resourcesUnknown: boolean;
}

/**
 * Puts every node into exactly one cohort; cohorts are in the order of their keys. `startupTaints`: patterns of taint keys
 * to ignore beside the built-in list. `agents`: where agents run; everywhere if absent.
 */
export function groupNodes(
  asks: readonly Ask[],
  nodes: readonly Node[],
  startupTaints: readonly string[] = [],
  agents?: Placement,
): readonly Cohort[] {
  const reach = compileReach(asks, startupTaints);
  const getsAgent = agents === undefined ? () => true : compilePlacement(agents, startupTaints);
  const digests = digestAsks(asks);
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const placements = reach.placementsOf(node);
    const state = stateOf(node, getsAgent(node));
    const key = JSON.stringify([placements, state]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { state, placements, nodes: [node.name] });
    else group.nodes.push(node.name);
  }
  return [...groups.values()]
    .map(group => cohortOf(group, reach.asksOf(group.placements), digests))
    .sort((a, b) => byText(a.key, b.key));
}

type NodeState = Pick<Cohort, 'held' | 'ready' | 'applicable' | 'runtimeVersion' | 'resourcesUnknown'>;

interface Group {
  readonly state: NodeState;
  readonly placements: readonly number[];
  readonly nodes: string[];
}

/** Numbers the placements. Equal ones are one object, so each is compared with each node once, whoever asks. */
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

function stateOf(node: Node, applicable: boolean): NodeState {
  const { ready, runtimeVersion, resourcesUnknown = false } = node;
  return { held: heldBecause(node), ready, applicable, runtimeVersion, resourcesUnknown };
}

function cohortOf({ state, nodes }: Group, asks: readonly Ask[], digests: ReadonlyMap<Ask, string>): Cohort {
  const parts = asks.map(ask => digests.get(ask) ?? '').sort();
  const key = hash('sha256', JSON.stringify([state, parts]));
  return { key, asks, nodes: nodes.sort(byText), ...state };
}

/** A hash over all that an ask says, the same in every process. A placement is written out once, however many asks have it. */
function digestAsks(asks: readonly Ask[]): ReadonlyMap<Ask, string> {
  const placements = new Map<Placement, string>();
  const digestPlacement = (placement: Placement) => {
    const digest = placements.get(placement) ?? hash('sha256', placementKey(placement));
    placements.set(placement, digest);
    return digest;
  };
  return new Map(asks.map(ask => [ask, hash('sha256', textOf(ask, digestPlacement(ask.placement)))]));
}

function textOf(
  { resource, image, priority, start, unclear, pullsAlways, refresh, pullSecrets, sources, rewritten }: Ask,
  placement: string,
): string {
  const secrets = pullSecretsKey(pullSecrets);
  const who = [resourceName(resource), sources, rewritten, unclear];
  return JSON.stringify([who, image, priority, start, pullsAlways, refresh, secrets, placement]);
}
