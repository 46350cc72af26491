import { aNode, aState } from '@kube-prefetch/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Amounts, Node } from '../state/cluster-state.ts';
import { expectResources, NOTHING_SEEN, type SeenResources } from './expected-resources.ts';
import { matchNode } from './match-node.ts';

const GRACE_MS = 60_000;
const GPU = 'nvidia.com/gpu';
const POOL = { 'node.kubernetes.io/instance-type': 'a3', 'cloud.google.com/gke-nodepool': 'gpus' };
const wanting = (amount: number) => ({
  choice: undefined,
  pod: { tolerations: [], extendedResources: { [GPU]: amount } },
});

/** Passes in a row, and what the last of them expects of the nodes. */
function afterPasses(passes: readonly (readonly [atMs: number, ...nodes: Node[]])[], pulling: readonly string[] = []) {
  let seen = NOTHING_SEEN;
  let nodes: readonly Node[] = [];
  for (const [atMs, ...present] of passes)
    ({ seen, nodes } = expectResources(
      aState({ nodes: present }),
      seen,
      { graceMs: GRACE_MS, isPulling: node => pulling.includes(node) },
      atMs,
    ));
  return nodes;
}

const having = (extendedResources: Amounts, parts: Partial<Node> = {}) => aNode({ extendedResources, ...parts });
const verdictOf = (node: Node | undefined, amount = 1) => matchNode(wanting(amount), node as Node).verdict;

describe('a device plugin that restarts', () => {
  test.each([
    ['falls to 0', { [GPU]: 0 }],
    ['is gone', {}],
    ['has lost a device', { [GPU]: 7 }],
  ])('keeps its pods on the node for a grace time where the amount %s', (_what, now) => {
    const passes = (atMs: number) =>
      [
        [0, having({ [GPU]: 8 })],
        [1_000, having(now)],
        [atMs, having(now)],
      ] as const;
    expect(verdictOf(afterPasses(passes(GRACE_MS - 1))[0], 8)).toBe('Yes');
    expect(verdictOf(afterPasses(passes(GRACE_MS))[0], 8)).toBe('No');
  });

  test('cancels no pull that runs, however long it takes', () => {
    const passes = [
      [0, having({ [GPU]: 8 })],
      [1_000, having({ [GPU]: 0 })],
      [9 * GRACE_MS, having({ [GPU]: 0 })],
    ] as const;
    expect(verdictOf(afterPasses(passes, ['node-1'])[0])).toBe('Yes');
    expect(verdictOf(afterPasses(passes)[0])).toBe('No');
  });

  test('starts the grace time anew once the amount is back', () => {
    const [full, none] = [having({ [GPU]: 8 }), having({ [GPU]: 0 })];
    expect(
      verdictOf(
        afterPasses([
          [0, full],
          [GRACE_MS - 1, none],
          [GRACE_MS, full],
          [2 * GRACE_MS - 1, none],
        ])[0],
      ),
    ).toBe('Yes');
  });

  test('tells why in the sentence', () => {
    const [node] = afterPasses([
      [0, having({ [GPU]: 8 })],
      [1_000, having({ [GPU]: 0 })],
    ]);
    expect(matchNode(wanting(1), node as Node).sentence).toBe(
      'the pod requests 1 nvidia.com/gpu; the node has 0, but counts as having 8: it had that much a short while ago',
    );
  });
});

describe('a node whose driver is not there yet', () => {
  const old = having({ [GPU]: 8 }, { name: 'old', labels: POOL });
  const young = (parts: Partial<Node> = {}) => aNode({ name: 'young', labels: POOL, ...parts });

  test('counts as its siblings do', () => {
    const [, node] = afterPasses([[0, old, young()]]);
    expect([verdictOf(node, 8), verdictOf(node, 9)]).toEqual(['Yes', 'No']);
  });

  test.each([
    ['another instance type', young({ labels: { ...POOL, 'node.kubernetes.io/instance-type': 'e2' } })],
    ['another pool', young({ labels: { ...POOL, 'cloud.google.com/gke-nodepool': 'cpus' } })],
    ['no pool', young({ labels: { 'node.kubernetes.io/instance-type': 'a3' } })],
    ['another resource of the vendor', young({ extendedResources: { 'nvidia.com/mig-1g.5gb': 7 } })],
  ])('does not where it has %s', (_what, node) => {
    expect(verdictOf(afterPasses([[0, old, node]])[1])).toBe('No');
  });

  test('counts as they do also where it has restarted and has none', () => {
    expect(verdictOf(afterPasses([[0, old, young({ extendedResources: { [GPU]: 0 } })]])[1])).toBe('Yes');
  });

  test('has siblings also while their device plugins restart', () => {
    const restarting = { ...old, extendedResources: { [GPU]: 0 } };
    expect(
      verdictOf(
        afterPasses([
          [0, old],
          [1_000, restarting, young()],
        ])[1],
      ),
    ).toBe('Yes');
  });
});

describe('without an earlier pass', () => {
  test.each([
    ['a node that has none of a resource it names', having({ [GPU]: 0 }), 0, true],
    ['the same after the grace time', having({ [GPU]: 0 }), GRACE_MS, undefined],
    ['a node that names no resource', having({}), 0, undefined],
    ['a node that has what it names', having({ [GPU]: 1 }), 0, undefined],
  ])('does not know what %s had', (_what, node, atMs, unknown) => {
    expect(
      afterPasses([
        [0, node],
        [atMs, node],
      ])[0]?.resourcesUnknown,
    ).toBe(unknown);
  });

  test('knows what it saw since', () => {
    expect(
      afterPasses([
        [0, having({ [GPU]: 1 })],
        [1, having({ [GPU]: 0 })],
      ])[0]?.resourcesUnknown,
    ).toBeUndefined();
  });
});

test('a node never counts as having less than it has, nor more than it or a sibling had, and is itself where nothing is expected', () => {
  const hits = { asItIs: 0, asBefore: 0, asSiblings: 0, unknown: 0 };
  const name = fc.constantFrom('a', 'b', 'c');
  const node = fc
    .record({ name, gpus: fc.constantFrom(undefined, 0, 0, 1, 8), labels: fc.constantFrom(POOL, POOL, {}) })
    .map(({ gpus, ...rest }) => having(gpus === undefined ? {} : { [GPU]: gpus }, rest));
  const pass = fc.record({
    nodes: fc.uniqueArray(node, { minLength: 1, selector: one => one.name }),
    restMs: fc.constantFrom(1_000, GRACE_MS / 2, GRACE_MS),
  });
  fc.assert(
    fc.property(fc.array(pass, { minLength: 1, maxLength: 6 }), passes => {
      let [seen, now]: [SeenResources, number] = [NOTHING_SEEN, 0];
      const most = new Map<string, number>();
      for (const { nodes, restMs } of passes) {
        for (const one of nodes) most.set(one.name, Math.max(most.get(one.name) ?? 0, one.extendedResources[GPU] ?? 0));
        const found = expectResources(aState({ nodes }), seen, { graceMs: GRACE_MS, isPulling: () => false }, now);
        for (const [index, one] of found.nodes.entries()) {
          const before = nodes[index] as Node;
          const counts = Math.max(one.extendedResources[GPU] ?? 0, one.expectedResources?.[GPU]?.amount ?? 0);
          const because = one.expectedResources?.[GPU]?.because;
          expect(one.extendedResources).toBe(before.extendedResources);
          expect(counts).toBeLessThanOrEqual(
            because?.startsWith('others') ? Math.max(...most.values()) : (most.get(one.name) ?? 0),
          );
          if (because === undefined && one.resourcesUnknown === undefined) expect(one).toBe(before);
          hits[
            one.resourcesUnknown
              ? 'unknown'
              : because === undefined
                ? 'asItIs'
                : because.startsWith('others')
                  ? 'asSiblings'
                  : 'asBefore'
          ] += 1;
        }
        ({ seen } = found);
        now += restMs;
      }
    }),
    { numRuns: 500 },
  );
  process.stdout.write(`expected resources: ${JSON.stringify(hits)}\n`);
  expect(Object.values(hits).every(count => count > 20)).toBe(true);
});

test('devices of a DeviceClass count, and also for a grace time after their driver has taken them back', () => {
  const deviceClasses = [{ name: 'gpu', createdAt: '', extendedResource: GPU }];
  const resourceSlices = [{ driver: 'd', pool: 'p', generation: 1, devices: [{ count: 4, nodeName: 'node-1' }] }];
  const nodes = [aNode()];
  const options = { graceMs: GRACE_MS, isPulling: () => false };
  const first = expectResources(aState({ nodes, deviceClasses, resourceSlices }), NOTHING_SEEN, options, 0);
  const sentences = [first, expectResources(aState({ nodes, deviceClasses }), first.seen, options, 1_000)].map(
    ({ nodes: [node] }) => matchNode(wanting(4), node as Node).sentence,
  );
  const counts = 'the pod requests 4 nvidia.com/gpu; the node has none, but counts as having 4: ';
  expect(sentences).toEqual([
    `${counts}a DeviceClass serves it, and drivers publish devices there`,
    `${counts}it had that much a short while ago`,
  ]);
});
