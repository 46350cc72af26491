import type { Amounts, ClusterState, ExpectedResource, Labels, Node } from '../state/cluster-state.ts';
import { compileDevices } from './devices.ts';

/** By node: what earlier passes saw of its extended resources. */
export type ResourceMemory = ReadonlyMap<string, RememberedNode>;

interface RememberedNode {
  readonly sinceMs: number;
  /** By resource: the most it had, and when it last had that much. */
  readonly had: ReadonlyMap<string, { readonly amount: number; readonly atMs: number }>;
}

export interface ExpectedResources {
  readonly nodes: readonly Node[];
  /** For the next pass. */
  readonly memory: ResourceMemory;
}

/**
 * The nodes, with the extended resources that their pods may have before long:
 *
 * | the node                                                      | counts as having                                      |
 * | ------------------------------------------------------------- | ----------------------------------------------------- |
 * | has devices of a DeviceClass that serves the resource         | as much as there are devices                          |
 * | had more within the grace time                                | what it had; also for longer while it pulls           |
 * | has nothing of a resource's vendor, and its siblings do       | the most that one of them has                         |
 * | names a resource, has none, and is new to this memory         | nothing, but its plan is incomplete for a grace time  |
 *
 * Siblings are of the same instance type and node pool. Nodes to which no row applies keep their identity.
 */
export function expectResources(
  state: Pick<ClusterState, 'nodes' | 'deviceClasses' | 'resourceSlices'>,
  before: ResourceMemory,
  { graceMs, isPulling }: { readonly graceMs: number; isPulling(node: string): boolean },
  now: number,
): ExpectedResources {
  const { nodes } = state;
  const devicesOf = compileDevices(state);
  const memory = new Map(nodes.map(node => [node.name, remember(node)]));
  const siblings = mostBySiblings(nodes, memory);
  return { nodes: nodes.map(expect), memory };

  function remember(node: Node): RememberedNode {
    const { sinceMs, had } = before.get(node.name) ?? { sinceMs: now, had: new Map() };
    const has = { ...devicesOf(node), ...aboveZero(node.extendedResources) };
    const kept = [...had].filter(
      ([resource, { amount, atMs }]) => (has[resource] ?? 0) < amount && (now - atMs < graceMs || isPulling(node.name)),
    );
    return {
      sinceMs,
      had: new Map([...Object.entries(has).map(([name, amount]) => [name, { amount, atMs: now }] as const), ...kept]),
    };
  }

  function expect(node: Node): Node {
    const { sinceMs, had } = memory.get(node.name) as RememberedNode;
    const expected = new Map<string, ExpectedResource>();
    for (const [resource, amount] of Object.entries(siblings.get(kindOf(node.labels) ?? '') ?? {}))
      if (!offersVendor(node, resource))
        expected.set(resource, { amount, because: 'others of its type and pool have it' });
    for (const [resource, { amount, atMs }] of had) {
      if (atMs < now) expected.set(resource, { amount, because: 'it had that much a short while ago' });
      else if (!node.extendedResources[resource])
        expected.set(resource, { amount, because: 'a DeviceClass serves it, and drivers publish devices there' });
    }
    const lost = Object.entries(node.extendedResources).some(
      ([name, has]) => has === 0 && !expected.has(name) && !had.has(name),
    );
    const unknown = lost && now - sinceMs < graceMs;
    if (expected.size === 0 && !unknown) return node;
    return {
      ...node,
      ...(expected.size > 0 && { expectedResources: Object.fromEntries(expected) }),
      ...(unknown && { resourcesUnknown: true }),
    };
  }
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

/** Undefined where a label is missing: then nothing is known of the node's siblings. */
function kindOf(labels: Labels): string | undefined {
  const type = labels['node.kubernetes.io/instance-type'];
  const pools = POOL_LABELS.filter(label => Object.hasOwn(labels, label)).map(label => `${label}=${labels[label]}`);
  return type === undefined || pools.length === 0 ? undefined : [type, ...pools].join(' ');
}

function mostBySiblings(nodes: readonly Node[], memory: ResourceMemory): ReadonlyMap<string, Amounts> {
  const most = new Map<string, Record<string, number>>();
  for (const node of nodes) {
    const kind = kindOf(node.labels);
    if (kind === undefined) continue;
    const amounts = most.get(kind) ?? {};
    most.set(kind, amounts);
    for (const [resource, { amount }] of memory.get(node.name)?.had ?? [])
      amounts[resource] = Math.max(amounts[resource] ?? 0, amount);
  }
  return most;
}

/** A node that offers one resource of a vendor is set up: what it does not offer it does not have. */
function offersVendor(node: Node, resource: string): boolean {
  const vendor = resource.slice(0, resource.indexOf('/') + 1);
  return Object.entries(node.extendedResources).some(([name, amount]) => amount > 0 && name.startsWith(vendor));
}
