import { compileNodeSelector } from '../selectors/node-selector.ts';
import type { Amounts, ClusterState, DeviceClass, Devices, Node, ResourceSlice } from '../state/cluster-state.ts';

type DeviceState = Pick<ClusterState, 'deviceClasses' | 'resourceSlices'>;

/** What a node without devices has: always this object. */
export const NOTHING: Amounts = {};

/**
 * The extended resources that the scheduler can serve with devices of Dynamic Resource Allocation, node by node: as many as there are
 * devices of the class. What a class says in CEL beyond the driver's name is not evaluated, and a pool that is not
 * published completely counts: the answer may be too generous.
 */
export function compileDevices({ deviceClasses, resourceSlices }: DeviceState): (node: Node) => Amounts {
  const classes = classByResource(deviceClasses);
  const published = newestOfPools(resourceSlices).flatMap(({ driver, devices }) =>
    devices.map(some => ({ driver, count: some.count, nodeName: some.nodeName, reaches: compileReach(some) })),
  );
  if (classes.size === 0 || published.length === 0) return () => NOTHING;
  // Most devices are of one node: with thousands of nodes not every slice may be compared with every node.
  const byNode = Map.groupBy(published, ({ nodeName }) => nodeName);
  return node => {
    const devices = [...(byNode.get(node.name) ?? []), ...(byNode.get(undefined) ?? [])];
    const reaching = devices.filter(({ reaches }) => reaches(node));
    if (reaching.length === 0) return NOTHING;
    const countOf = (driver: string | undefined) =>
      reaching.reduce((sum, some) => (driver === undefined || driver === some.driver ? sum + some.count : sum), 0);
    const served = [...classes].map(([resource, driver]) => [resource, countOf(driver)] as const);
    return Object.fromEntries(served.filter(([, count]) => count > 0));
  };
}

/** The drivers by resource; undefined: any. Of classes that name the same resource the newest counts, then the first by name. */
function classByResource(classes: readonly DeviceClass[]): ReadonlyMap<string, string | undefined> {
  const inOrder = classes.toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(b.name, a.name));
  return new Map(
    inOrder.flatMap(({ name, extendedResource, driver }) => [
      ...(extendedResource === undefined ? [] : [[extendedResource, driver] as const]),
      [`deviceclass.resource.kubernetes.io/${name}`, driver] as const,
    ]),
  );
}

function newestOfPools(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
  const poolOf = ({ driver, pool }: ResourceSlice) => `${driver}/${pool}`;
  const newest = new Map<string, number>();
  for (const slice of slices) newest.set(poolOf(slice), Math.max(newest.get(poolOf(slice)) ?? 0, slice.generation));
  return slices.filter(slice => slice.generation === newest.get(poolOf(slice)));
}

function compileReach({ nodeSelector }: Devices): (node: Node) => boolean {
  return nodeSelector === undefined ? () => true : compileNodeSelector(nodeSelector);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
