import { keepEqual, keepList, memoise } from '../memoise.ts';
import type { Amounts, ClusterState, ExpectedResource, Labels, Node } from '../state/cluster-state.ts';
import { compileDevices, NOTHING } from './devices.ts';

/** What earlier passes saw of extended resources. */
export interface SeenResources {
  /** The last of them. */
  readonly atMs: number;
  readonly nodes: ReadonlyMap<string, RememberedNode>;
}

export const NOTHING_SEEN: SeenResources = { atMs: -Infinity, nodes: new Map() };

interface RememberedNode {
  readonly node: Node;
  readonly sinceMs: number;
  /** What it had in the last pass; devices that a DeviceClass serves included. */
  readonly has: Amounts;
  /** What it had more of before, and when it last had that. */
  readonly lost: ReadonlyMap<string, { readonly amount: number; readonly atMs: number }>;
}

export interface ExpectedResources {
  readonly nodes: readonly Node[];
  /** For the next pass. */
  readonly seen: SeenResources;
}

/**
 * The nodes, with the extended resources that their pods may have before long:
 *
 * | the node                                                      | counts as having                                      |
 * | ------------------------------------------------------------- | ----------------------------------------------------- |
 * | has devices of a DeviceClass that serves the resource         | as much as there are devices                          |
 * | had more within the grace time                                | what it had; also for longer while it pulls           |
 * | has nothing of a resource's vendor, and its siblings do       | the most that one of them has                         |
 * | names a resource, has none, and was not seen before           | nothing, but its plan is incomplete for a grace time  |
 *
 * Siblings are of the same instance type and node pool. Nodes to which no row applies stay the same objects.
 */
export function expectResources(
  state: Pick<ClusterState, 'nodes' | 'deviceClasses' | 'resourceSlices'>,
  before: SeenResources,
  { graceMs, isPulling }: { readonly graceMs: number; isPulling(node: string): boolean },
  now: number,
): ExpectedResources {
  const { nodes } = state;
  const devicesOf = compileDevices(state);
  const seen = new Map(nodes.map(node => [node.name, remember(node, before.nodes.get(node.name))]));
  const siblings = mostBySiblings(seen);
  return { nodes: keepNodes(nodes, nodes.map(expect)), seen: { atMs: now, nodes: seen } };

  function remember(node: Node, known: RememberedNode | undefined): RememberedNode {
    const devices = devicesOf(node);
    if (known?.node === node && known.lost.size === 0 && devices === NOTHING && known.has === node.extendedResources)
      return known;
    const has = devices === NOTHING ? node.extendedResources : { ...devices, ...aboveZero(node.extendedResources) };
    const fewer = Object.entries(known?.has ?? NOTHING).filter(([name, amount]) => (has[name] ?? 0) < amount);
    const lost = [
      ...fewer.map(([name, amount]) => [name, { amount, atMs: before.atMs }] as const),
      ...(known?.lost ?? []),
    ].filter(([name, { amount, atMs }]) => (has[name] ?? 0) < amount && (now - atMs < graceMs || isPulling(node.name)));
    return { node, sinceMs: known?.sinceMs ?? now, has, lost: new Map(lost) };
  }

  function expect(node: Node): Node {
    const { sinceMs, has, lost } = seen.get(node.name) as RememberedNode;
    const isPlain = lost.size === 0 && siblings.size === 0 && has === node.extendedResources;
    if (isPlain && Object.keys(has).length === 0) return node;
    const expected = new Map<string, ExpectedResource>();
    const most = siblings.size === 0 ? undefined : siblings.get(kindOf(node.labels));
    for (const [name, amount] of most ?? [])
      if (!offersVendor(node, name)) expected.set(name, { amount, because: 'others of its type and pool have it' });
    if (has !== node.extendedResources)
      for (const [name, amount] of Object.entries(has))
        if (!node.extendedResources[name])
          expected.set(name, { amount, because: 'a DeviceClass serves it, and drivers publish devices there' });
    for (const [name, { amount }] of lost)
      expected.set(name, { amount, because: 'it had that much a short while ago' });
    const unknown = now - sinceMs < graceMs && namesWhatItLacks(node, expected);
    if (expected.size === 0 && !unknown) return node;
    return keepNode(node, {
      ...node,
      ...(expected.size > 0 && { expectedResources: Object.fromEntries(expected) }),
      ...(unknown && { resourcesUnknown: true }),
    });
  }
}

/** What is made of nodes starts from these: they stay the same objects while nothing else is expected. */
const keepNode = keepEqual<Node, Node>();
const keepNodes = keepList<readonly Node[], Node>();

function namesWhatItLacks({ extendedResources }: Node, expected: ReadonlyMap<string, unknown>): boolean {
  return Object.entries(extendedResources).some(([name, has]) => has === 0 && !expected.has(name));
}

function aboveZero(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0));
}

/** What tells node pools apart, by who makes them. */
const POOL_LABELS = [
  'cloud.google.com/gke-nodepool',
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  'karpenter.sh/nodepool',
  'kubernetes.azure.com/agentpool',
  'kops.k8s.io/instancegroup',
  'worker.gardener.cloud/pool',
  'doks.digitalocean.com/node-pool',
  'k8s.scaleway.com/pool-name',
  'lke.linode.com/pool-id',
];

/** Empty where a label is missing: then nothing is known of the node's siblings. Labels are many, and seldom change. */
const kindOf = memoise((labels: Labels): string => {
  const type = labels['node.kubernetes.io/instance-type'];
  const pools = POOL_LABELS.filter(label => Object.hasOwn(labels, label)).map(label => `${label}=${labels[label]}`);
  return type === undefined || pools.length === 0 ? '' : [type, ...pools].join(' ');
});

function mostBySiblings(seen: SeenResources['nodes']): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const most = new Map<string, Map<string, number>>();
  for (const { node, has, lost } of seen.values()) {
    const had = [...Object.entries(has), ...lost.entries().map(([name, { amount }]) => [name, amount] as const)];
    const kind = had.length === 0 ? '' : kindOf(node.labels);
    if (kind === '') continue;
    const amounts = most.get(kind) ?? new Map<string, number>();
    most.set(kind, amounts);
    for (const [name, amount] of had) if (amount > (amounts.get(name) ?? 0)) amounts.set(name, amount);
  }
  return most;
}

/** A node that offers one resource of a vendor is set up: it has none of the vendor's resources that it does not offer. */
function offersVendor(node: Node, resource: string): boolean {
  const vendor = resource.slice(0, resource.indexOf('/') + 1);
  return Object.entries(node.extendedResources).some(([name, amount]) => amount > 0 && name.startsWith(vendor));
}
