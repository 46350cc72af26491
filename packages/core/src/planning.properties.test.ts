import { isDeepStrictEqual } from 'node:util';
import {
  collectAsks,
  expectResources,
  groupNodes,
  matchNode,
  NOTHING_SEEN,
  planBytes,
  planCohorts,
  type SeenResources,
  summarise,
} from '@kube-prefetch/core';
import { aFleet, aResource, arbitraryNode, arbitraryState, aWorkload } from '@kube-prefetch/core/testing';
import { adoptPlan, CELL_STATES, type Plan, resourceName } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PASSING_TAINTS } from './placement/passing-taints.ts';
import { type ClusterState, PRESSURES } from './state/cluster-state.ts';
import type { CellTally, FleetView } from './status/fleet-view.ts';

const RUNS = { numRuns: 200 };
const GRACE_MS = 60_000;
/** Agents run on Linux. */
const AGENTS = {
  choice: undefined,
  pod: { os: 'linux', tolerations: [{ operator: 'Exists' as const }], extendedResources: {} },
};
const hits = new Map<string, number>();
const hit = (branch: string, happened = true) => hits.set(branch, (hits.get(branch) ?? 0) + (happened ? 1 : 0));

/** The coordinator's line up to the plans: nothing that a node reports enters. */
function planOf(state: ClusterState, before: SeenResources = NOTHING_SEEN, now = 0) {
  const { nodes, seen } = expectResources(state, before, { graceMs: GRACE_MS, isPulling: () => false }, now);
  const collected = collectAsks(state);
  const cohorts = groupNodes(collected.asks, nodes, undefined, AGENTS);
  const plans = planCohorts(cohorts, collected.gaps);
  const byNode = new Map<string, Plan>();
  for (const cohort of cohorts) for (const node of cohort.nodes) byNode.set(node, plans.get(cohort.key) as Plan);
  return { ...collected, cohorts, plans, byNode, nodes, seen };
}

const imagesOf = (plan: Plan | undefined) => plan?.items.map(({ image }) => image) ?? [];

const shuffledState = arbitraryState.chain(state =>
  fc.tuple(
    fc.constant(state),
    fc.record({
      resources: shuffled(state.resources),
      workloads: shuffled(state.workloads),
      kinds: fc.constant(state.kinds),
      namespaces: shuffled(state.namespaces),
      nodes: shuffled(state.nodes),
      deviceClasses: fc.constant(state.deviceClasses),
      resourceSlices: fc.constant(state.resourceSlices),
      serviceAccounts: state.serviceAccounts === undefined ? fc.constant(undefined) : shuffled(state.serviceAccounts),
      ownNamespace: fc.constant(state.ownNamespace),
      gaps: shuffled(state.gaps),
    }),
  ),
);

function shuffled<T>(list: readonly T[]) {
  return fc.shuffledSubarray([...list], { minLength: list.length });
}

test('the order of inputs never matters: same asks, same cohorts, same bytes', () => {
  fc.assert(
    fc.property(shuffledState, ([state, turned]) => {
      const one = planOf(state);
      const other = planOf(turned);
      expect(other.asks).toEqual(one.asks);
      expect(other.cohorts).toEqual(one.cohorts);
      expect([...other.plans]).toEqual([...one.plans]);
      hit(
        'order: workloads turned',
        turned.workloads.some((workload, index) => workload !== state.workloads[index]),
      );
      hit('order: several asks', one.asks.length > 1);
    }),
    RUNS,
  );
});

test('the order of inputs does not change a status, and the same input gives the same bytes', () => {
  const say = (node: string, image: string) => ({
    state: CELL_STATES[(node.length * 7 + image.length) % CELL_STATES.length] ?? 'Unknown',
  });
  const statusOf = (state: ClusterState) => {
    const { cohorts, ...collected } = planOf(state);
    return summarise(state, collected, aFleet(cohorts, say), '2026-01-01T00:00:00Z');
  };
  const byName = (statuses: ReturnType<typeof statusOf>) =>
    new Map(statuses.map(({ resource, status }) => [resourceName(resource), status]));
  fc.assert(
    fc.property(shuffledState, ([state, turned]) => {
      const statuses = statusOf(state);
      expect(byName(statusOf(turned))).toEqual(byName(statuses));
      expect(JSON.stringify(statusOf(structuredClone(state)))).toBe(JSON.stringify(statuses));
      for (const { status } of statuses) {
        hit(`status: Warm ${status.conditions[2]?.reason}`);
        hit('status: not applicable', status.summary.notApplicable > 0);
      }
    }),
    RUNS,
  );
});

test('the same input gives the same plan bytes, and their revision', () => {
  fc.assert(
    fc.property(arbitraryState, state => {
      const one = planOf(state).byNode;
      const other = planOf(structuredClone(state)).byNode;
      for (const [node, plan] of one) {
        expect(other.get(node)?.revision).toBe(plan.revision);
        expect(planBytes(other.get(node) as Plan)).toBe(planBytes(plan));
      }
      hit(
        'bytes: plans that differ within a state',
        new Set([...one.values()].map(({ revision }) => revision)).size > 1,
      );
    }),
    RUNS,
  );
});

test('every node is in exactly one cohort', () => {
  fc.assert(
    fc.property(arbitraryState, state => {
      const { cohorts } = planOf(state);
      const placed = cohorts.flatMap(({ nodes }) => nodes);
      expect(placed.toSorted()).toEqual(state.nodes.map(({ name }) => name).toSorted());
      expect(new Set(cohorts.map(({ key }) => key)).size).toBe(cohorts.length);
      hit('cohorts: one node each', cohorts.length > 1 && cohorts.length === state.nodes.length);
      hit(
        'cohorts: shared',
        cohorts.some(({ nodes }) => nodes.length > 1),
      );
    }),
    RUNS,
  );
});

test('a plan holds exactly the images of the asks whose verdict there is Yes or Held', () => {
  fc.assert(
    fc.property(arbitraryState, state => {
      const { asks, byNode, nodes } = planOf(state);
      for (const node of nodes) {
        hit('resources: served by devices', node.expectedResources !== undefined);
        hit('resources: unknown', node.resourcesUnknown === true);
        const judged = asks.map(ask => ({ ask, ...matchNode(ask.placement, node) }));
        for (const { verdict } of judged) hit(`verdict: ${verdict}`);
        const wanted = judged.filter(({ verdict }) => verdict !== 'No').map(({ ask }) => ask);
        const plan = byNode.get(node.name);
        expect(new Set(imagesOf(plan))).toEqual(new Set(wanted.map(({ image }) => image)));
        expect(plan?.items).toHaveLength(new Set(imagesOf(plan)).size);
        expect(plan?.held !== undefined).toBe(
          node.unschedulable || node.deleting || node.pressures.length > 0 || isTaintedHeld(node.taints),
        );
        for (const item of plan?.items ?? []) {
          const same = wanted.filter(({ image }) => image === item.image);
          expect(item.priority).toBe(Math.max(...same.map(({ priority }) => priority)));
          expect(item.start).toBe(same.some(({ start }) => start));
          hit('plan: merged askers', new Set(same.map(({ resource }) => resourceName(resource))).size > 1);
          hit('plan: suspended alone', !item.start);
        }
      }
    }),
    RUNS,
  );
});

function isTaintedHeld(taints: readonly { key: string }[]): boolean {
  return taints.some(({ key }) => key.endsWith('-pressure') || key === 'karpenter.sh/disrupted');
}

test('what comes and goes by itself changes no list of images', () => {
  const passing = fc.record({
    taints: fc.array(fc.constantFrom(...PASSING_TAINTS.map(({ taint }) => taint.replaceAll('*', 'x'))), {
      maxLength: 2,
    }),
    pressures: fc.subarray([...PRESSURES]),
    unschedulable: fc.boolean(),
    ready: fc.boolean(),
  });
  fc.assert(
    fc.property(arbitraryState, passing, (state, { taints, ...rest }) => {
      const more = taints.map(key => ({ key, value: '', effect: 'NoExecute' }));
      const nodes = state.nodes.map(node => ({ ...node, ...rest, taints: [...node.taints, ...more] }));
      const [before, during] = [planOf(state).byNode, planOf({ ...state, nodes }).byNode];
      for (const { name } of state.nodes) {
        expect(during.get(name)?.items).toEqual(before.get(name)?.items);
        const changed = before.get(name)?.held !== during.get(name)?.held;
        hit(
          `passing: with images, ${changed ? 'and held for another reason' : 'as before'}`,
          imagesOf(before.get(name)).length > 0,
        );
      }
    }),
    RUNS,
  );
});

test('resources that come and go change no list of images for a grace time', () => {
  const ref = { kind: 'ClusterPrefetch' as const, name: 'gpus' };
  const finds = aResource({ ref, spec: { workloads: [{ kinds: ['Deployment'], selector: {} }] } });
  const pod = { containers: [{ image: 'cuda:1' }], extendedResources: { 'nvidia.com/gpu': 1 } };
  const withGpus = arbitraryState.map(state => ({
    ...state,
    resources: [...state.resources, finds],
    workloads: [...state.workloads, aWorkload({ name: 'gpus', pod })],
  }));
  fc.assert(
    fc.property(withGpus, fc.constantFrom(1, GRACE_MS - 1), (state, now) => {
      const before = planOf(state);
      const nodes = state.nodes.map(node => ({ ...node, extendedResources: {} }));
      const during = planOf({ ...state, nodes, resourceSlices: [] }, before.seen, now);
      const forgotten = planOf({ ...state, nodes, resourceSlices: [] });
      for (const { name } of nodes) {
        expect(during.byNode.get(name)?.items).toEqual(before.byNode.get(name)?.items);
        const [kept, lost] = [before, forgotten].map(({ byNode }) => imagesOf(byNode.get(name)).length);
        hit('resources: images kept', (lost ?? 0) < (kept ?? 0));
      }
    }),
    RUNS,
  );
});

test("a node's plan depends on no other node", () => {
  fc.assert(
    fc.property(arbitraryState, fc.array(arbitraryNode, { maxLength: 3 }), (state, others) => {
      const { byNode } = planOf(state);
      for (const node of state.nodes) {
        const beside = others.map((other, index) => ({ ...other, name: `other-${index}` }));
        const alone = planOf({ ...state, nodes: [...beside, node] }).byNode.get(node.name);
        expect(alone).toEqual(byNode.get(node.name));
        hit('alone: with images', imagesOf(alone).length > 0);
      }
    }),
    RUNS,
  );
});

test('removing a resource never removes an image that another one asks for on that node', () => {
  fc.assert(
    fc.property(arbitraryState, fc.nat(), (state, pick) => {
      const gone = state.resources[pick % Math.max(1, state.resources.length)];
      if (gone === undefined) return;
      const before = planOf(state);
      const after = planOf({ ...state, resources: state.resources.filter(resource => resource !== gone) });
      for (const node of before.nodes) {
        const reaching = before.asks.filter(({ placement }) => matchNode(placement, node).verdict !== 'No');
        const others = reaching.filter(({ resource }) => resource !== gone.ref).map(({ image }) => image);
        expect(new Set(imagesOf(after.byNode.get(node.name)))).toEqual(new Set(others));
        hit(
          'removed: kept for others',
          reaching.some(({ resource, image }) => resource === gone.ref && others.includes(image)),
        );
        hit(
          'removed: gone',
          reaching.some(({ resource, image }) => resource === gone.ref && !others.includes(image)),
        );
      }
    }),
    RUNS,
  );
});

test('an incomplete state never shrinks what an agent holds on to', () => {
  const sequence = fc.tuple(arbitraryNode, fc.array(arbitraryState, { minLength: 2, maxLength: 6 }));
  fc.assert(
    fc.property(sequence, ([node, states]) => {
      let held: Plan | undefined;
      for (const state of states) {
        const planned = planOf({ ...state, nodes: [node] });
        const resourcesUnknown = planned.nodes[0]?.resourcesUnknown ?? false;
        const plan = planned.byNode.get(node.name) as Plan;
        const next = adoptPlan(held, plan);
        expect(plan.complete).toBe(planned.gaps.length === 0 && !resourcesUnknown);
        hit('gaps: of a kind that is named', planned.gaps.length > state.gaps.length);
        if (plan.complete) expect(imagesOf(next)).toEqual(imagesOf(plan));
        else expect(new Set(imagesOf(next))).toEqual(new Set([...imagesOf(held), ...imagesOf(plan)]));
        hit('gaps: kept what the plan no longer names', !plan.complete && next.items.length > plan.items.length);
        hit(
          'gaps: complete plan drops',
          plan.complete && imagesOf(held).some(image => !imagesOf(plan).includes(image)),
        );
        held = next;
      }
    }),
    RUNS,
  );
});

const PARTS = ['resources', 'workloads', 'namespaces', 'nodes', 'resourceSlices'] as const;

/** Some of its things as they are in another state: new ones, changed ones, and without those that are gone there. Those that stay are the same objects. */
function mixed(state: ClusterState, other: ClusterState, dice: readonly number[]): ClusterState {
  const part = PARTS[(dice[0] ?? 0) % PARTS.length] ?? 'nodes';
  const nameOf = (thing: object) => {
    const { ref, group, kind, namespace, name, driver, pool } = thing as Record<string, unknown>;
    return JSON.stringify([ref, group, kind, namespace, name, driver, pool]);
  };
  const [ours, theirs] = [state, other].map(from => new Map(from[part].map(thing => [nameOf(thing), thing])));
  const names = [...new Set([...(ours?.keys() ?? []), ...(theirs?.keys() ?? [])])];
  const things = names.flatMap((name, at) => ((dice[at + 1] ?? 0) % 3 === 0 ? theirs : ours)?.get(name) ?? []);
  const rest = (dice.at(-1) ?? 0) % 4 === 0 ? (['gaps', 'serviceAccounts', 'deviceClasses', 'kinds'] as const) : [];
  return { ...state, [part]: things, ...Object.fromEntries(rest.map(key => [key, other[key]])) };
}

test('what is made pass by pass of a cluster that changes is what would be made of it from nothing', () => {
  const changes = fc.array(fc.tuple(arbitraryState, fc.array(fc.nat(11), { minLength: 8, maxLength: 8 })), {
    minLength: 1,
    maxLength: 6,
  });
  const says = (node: string, image: string) => ({
    state: CELL_STATES[(node.length * 5 + Number(node.at(-1)) + image.length) % CELL_STATES.length] ?? 'Unknown',
    digests: [`${image}@sha256:${(Number(node.at(-1)) % 2 === 0 ? 'a' : 'b').repeat(64)}`],
  });
  const at = '2026-01-01T00:00:00Z';
  fc.assert(
    fc.property(arbitraryState, changes, (first, steps) => {
      const states = steps.reduce<ClusterState[]>(
        (sofar, step) => [...sofar, mixed(sofar.at(-1) ?? first, ...step)],
        [first],
      );
      const tallies = new Map<string, CellTally>();
      const passes: {
        before: SeenResources;
        next: ReturnType<typeof planOf>;
        statuses: ReturnType<typeof summarise>;
      }[] = [];
      for (const [now, state] of states.entries()) {
        freeze(state);
        const before = passes.at(-1)?.next.seen ?? NOTHING_SEEN;
        const next = planOf(state, before, now);
        const statuses = summarise(state, next, keepTallies(aFleet(next.cohorts, says), tallies), at);
        const last = passes.at(-1)?.next;
        if (last !== undefined) {
          for (const part of ['asks', 'cohorts', 'nodes'] as const) {
            const stayed = next[part].filter(thing => (last[part] as readonly object[]).includes(thing));
            hit(`pass by pass: ${part} stay`, stayed.length > 0);
            hit(`pass by pass: ${part} come`, stayed.length < next[part].length);
          }
        }
        hit(
          'pass by pass: skew',
          statuses.some(({ status }) => status.skew.length > 0),
        );
        passes.push({ before, next, statuses });
      }
      for (const [now, { before, next, statuses }] of passes.entries()) {
        const state = structuredClone(states[now] as ClusterState);
        const anew = planOf(state, structuredClone(before), now);
        expect(next).toEqual(anew);
        expect([...next.plans]).toEqual([...anew.plans]);
        expect(statuses).toEqual(summarise(state, anew, aFleet(anew.cohorts, says), at));
      }
    }),
    RUNS,
  );
});

/** A pass may keep what it made of a state: nobody may change one. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

/** As a fleet does: what says the same is the same object. */
function keepTallies(fleet: FleetView, kept: Map<string, CellTally>): FleetView {
  return {
    ...fleet,
    tally(cohort, image) {
      const key = `${cohort.key} ${image}`;
      const tally = fleet.tally(cohort, image);
      const last = kept.get(key);
      if (last !== undefined && isDeepStrictEqual(last, tally)) return last;
      kept.set(key, tally);
      return tally;
    },
  };
}

test('the random clusters reached every branch that the properties speak of', () => {
  process.stdout.write(`planning: ${JSON.stringify(Object.fromEntries(hits))}\n`);
  expect([...hits].filter(([, count]) => count === 0)).toEqual([]);
});
