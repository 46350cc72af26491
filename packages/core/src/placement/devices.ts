import { compileNodeSelector } from '../selectors/node-selector.ts';
import type { Amounts, ClusterState, DeviceClass, Devices, Node, ResourceSlice } from '../state/cluster-state.ts';

type DeviceState = Pick<ClusterState, 'deviceClasses' | 'resourceSlices'>;

/**
 * The extended resources that the scheduler can serve with devices of Dynamic Resource Allocation, node by node: as many as there are
 * devices of the class. What a class says in CEL beyond the driver's name is not evaluated, and a pool that is not
 * published completely counts: the answer may be too generous.
 */
export function compileDevices({ deviceClasses, resourceSlices }: DeviceState): (node: Node) => Amounts {
  const classes = classByResource(deviceClasses);
  const slices = newestOfPools(resourceSlices).map(({ driver, devices }) => ({
    driver,
    devices: devices.map(compileReach),
  }));
  if (classes.size === 0 || slices.length === 0) return () => ({});
  return node => {
    const byDriver = new Map<string, number>();
    for (const { driver, devices } of slices)
      for (const { count, reaches } of devices)
        if (reaches(node)) byDriver.set(driver, (byDriver.get(driver) ?? 0) + count);
    const served = [...classes].map(([resource, driver]) => [resource, countOf(byDriver, driver)] as const);
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

function compileReach({ count, nodeName, nodeSelector }: Devices) {
  const selects = nodeSelector === undefined ? () => true : compileNodeSelector(nodeSelector);
  return { count, reaches: (node: Node) => (nodeName === undefined || nodeName === node.name) && selects(node) };
}

function countOf(byDriver: ReadonlyMap<string, number>, driver: string | undefined): number {
  if (driver !== undefined) return byDriver.get(driver) ?? 0;
  return byDriver.values().reduce((sum, count) => sum + count, 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
