import { createHash } from 'node:crypto';
import { resourceName } from '@kube-prefetch/protocol';
import type { Ask, Placement } from '../ask.ts';
import { placementKey } from '../asks/intern-placements.ts';
import { byText } from '../asks/pull-order.ts';
import type { Node } from '../cluster-state.ts';
import type { Cohort } from '../cohort.ts';
import { compilePlacement } from '../placement/match-node.ts';
import { heldBecause } from '../placement/node-conditions.ts';

/** Puts every node into exactly one cohort. `startupTaints`: patterns of taint keys to ignore beside the built-in list. */
export function groupNodes(
  asks: readonly Ask[],
  nodes: readonly Node[],
  startupTaints: readonly string[] = [],
): readonly Cohort[] {
  const placements = [...new Set(asks.map(({ placement }) => placement))];
  const reaches = placements.map(placement => compilePlacement(placement, startupTaints));
  const digests = digestAsks(asks);
  const groups = Map.groupBy(nodes, node =>
    JSON.stringify([conditionOf(node), reaches.map(r => (r(node) ? 1 : 0)).join('')]),
  );
  return [...groups.values()]
    .map(members => {
      const [first] = members as [Node, ...Node[]];
      const reached = new Set(placements.filter((_, index) => reaches[index]?.(first)));
      return cohortOf(
        members,
        asks.filter(({ placement }) => reached.has(placement)),
        digests,
      );
    })
    .sort((a, b) => byText(a.key, b.key));
}

type Condition = Pick<Cohort, 'held' | 'ready' | 'runtimeVersion'>;

function conditionOf(node: Node): Condition {
  return { held: heldBecause(node), ready: node.ready, runtimeVersion: node.runtimeVersion };
}

function cohortOf(
  members: readonly [Node, ...Node[]] | readonly Node[],
  asks: readonly Ask[],
  digests: ReadonlyMap<Ask, string>,
): Cohort {
  const condition = conditionOf(members[0] as Node);
  const hash = createHash('sha256').update(JSON.stringify(condition));
  for (const ask of asks) hash.update(digests.get(ask) ?? '');
  return { key: hash.digest('hex'), asks, nodes: members.map(({ name }) => name).sort(byText), ...condition };
}

/** One digest per ask, so that an ask that reaches many cohorts is spelled out once. */
function digestAsks(asks: readonly Ask[]): ReadonlyMap<Ask, string> {
  const placements = new Map<Placement, string>();
  return new Map(
    asks.map(ask => {
      const placement = placements.get(ask.placement) ?? placementKey(ask.placement);
      placements.set(ask.placement, placement);
      return [ask, sha256(JSON.stringify([resourceName(ask.resource), { ...ask, resource: undefined, placement }]))];
    }),
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
