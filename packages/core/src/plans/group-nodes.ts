import { hash } from 'node:crypto';
import { resourceName } from '@kube-prefetch/protocol';
import { type Ask, byAskOrder, byText } from '../asks/ask.ts';
import { pullSecretsKey } from '../asks/pull-secrets.ts';
import { keepList, memoise, memoiseList, shareEqual } from '../memoise.ts';
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
  startupTaints: readonly string[] = NO_TAINTS,
  agents?: Placement,
): readonly Cohort[] {
  return group(asks, nodes, startupTaints, agents);
}

const NO_TAINTS: readonly string[] = [];

const group = memoise(
  (
    asks: readonly Ask[],
    nodes: readonly Node[],
    startupTaints: readonly string[],
    agents: Placement | undefined,
  ): readonly Cohort[] => {
    const asksBy = Map.groupBy(asks, ask => ask.placement);
    const placements = inOrder([...asksBy.keys()]);
    const likenessOf = compileLikeness(placements, startupTaints, agents);
    return [...Map.groupBy(nodes, likenessOf)]
      .map(([likeness, alike]) => {
        const reaching = likeness.reached.map(at =>
          keepAsks(placements[at] as Placement, asksBy.get(placements[at] as Placement) ?? []),
        );
        return cohortOf(
          likeness,
          asksInOrder(likeness, reaching),
          keepNames(likeness, alike.map(node => node.name).sort(byText)),
        );
      })
      .sort((a, b) => byText(a.key, b.key));
  },
);

type NodeState = Pick<Cohort, 'held' | 'ready' | 'applicable' | 'runtimeVersion' | 'resourcesUnknown'>;

/** What nodes of one cohort have in common. */
interface Likeness {
  readonly state: NodeState;
  /** Which of the placements reach them. */
  readonly reached: readonly number[];
}

/** The same list for the same placements, whatever their order. */
function inOrder(placements: readonly Placement[]): readonly Placement[] {
  const sorted = placements.toSorted((a, b) => byText(placementKey(a), placementKey(b)));
  return sorted[0] === undefined ? NO_PLACEMENTS : keepPlacements(sorted[0], sorted);
}

const NO_PLACEMENTS: readonly Placement[] = [];
const keepPlacements = keepList<Placement, Placement>();
const keepAsks = keepList<Placement, Ask>();
const keepNames = keepList<Likeness, string>();

/** Compares each node with each placement, once while both stay what they are. Nodes that are alike get the same object. */
const compileLikeness = memoise(
  (placements: readonly Placement[], startupTaints: readonly string[], agents: Placement | undefined) => {
    const reaches = placements.map(placement => compilePlacement(placement, startupTaints));
    const getsAgent = agents === undefined ? () => true : compilePlacement(agents, startupTaints);
    const share = shareEqual(({ reached, state }: Likeness) => JSON.stringify([reached, state]));
    return memoise((node: Node): Likeness => {
      const reached: number[] = [];
      reaches.forEach((reachesNode, at) => {
        if (reachesNode(node)) reached.push(at);
      });
      return share({ reached, state: stateOf(node, getsAgent(node)) });
    });
  },
);

const asksInOrder = memoiseList((_likeness: Likeness, reaching: readonly (readonly Ask[])[]): readonly Ask[] =>
  reaching.flat().sort(byAskOrder),
);

function stateOf(node: Node, applicable: boolean): NodeState {
  const { ready, runtimeVersion, resourcesUnknown = false } = node;
  return { held: heldBecause(node), ready, applicable, runtimeVersion, resourcesUnknown };
}

const cohortOf = memoise(({ state }: Likeness, asks: readonly Ask[], nodes: readonly string[]): Cohort => {
  return { key: keyOf(asks, state), asks, nodes, ...state };
});

const keyOf = memoise((asks: readonly Ask[], state: NodeState): string =>
  hash('sha256', JSON.stringify([state, asks.map(digestAsk).sort()])),
);

const digestPlacement = memoise((placement: Placement) => hash('sha256', placementKey(placement)));

/** A hash over all that an ask says, the same in every process. */
const digestAsk = memoise((ask: Ask): string => {
  const { resource, image, priority, start, unclear, pullsAlways, refresh, pullSecrets, sources, rewritten } = ask;
  const secrets = pullSecretsKey(pullSecrets);
  const who = [resourceName(resource), sources, rewritten, unclear];
  const placement = digestPlacement(ask.placement);
  return hash('sha256', JSON.stringify([who, image, priority, start, pullsAlways, refresh, secrets, placement]));
});
