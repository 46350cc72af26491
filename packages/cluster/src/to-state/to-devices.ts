import type { DeviceClass, Devices, ResourceSlice } from '@kube-prefetch/core';
import { type Field, below, flag, isAbsent, items, optionalInteger, optionalText, text } from './read-fields.ts';
import { toNodeSelector } from './to-pod-spec.ts';

/** Throws MalformedField. */
export function toDeviceClass(object: Field): DeviceClass {
  const extendedResource = optionalText(below(object, 'spec', 'extendedResourceName'));
  const expressions = items(below(object, 'spec', 'selectors')).map(selector =>
    optionalText(below(selector, 'cel', 'expression')),
  );
  const driver = expressions.map(expression => driverIn(expression ?? '')).find(name => name !== undefined);
  return {
    name: text(below(object, 'metadata', 'name')),
    createdAt: optionalText(below(object, 'metadata', 'creationTimestamp')) ?? '',
    ...(extendedResource === undefined ? {} : { extendedResource }),
    ...(driver === undefined ? {} : { driver }),
  };
}

/** Throws MalformedField. */
export function toResourceSlice(object: Field): ResourceSlice {
  const spec = below(object, 'spec');
  const devices = items(below(spec, 'devices'));
  return {
    driver: text(below(spec, 'driver')),
    pool: text(below(spec, 'pool', 'name')),
    generation: optionalInteger(below(spec, 'pool', 'generation')) ?? 0,
    devices: flag(below(spec, 'perDeviceNodeSelection'))
      ? devices.flatMap(device => reachOf(device, [device]))
      : reachOf(spec, devices),
  };
}

/** None if the slice says in no way that we know which nodes have the devices. */
function reachOf(where: Field, devices: readonly Field[]): Devices[] {
  const nodeName = optionalText(below(where, 'nodeName'));
  const nodeSelector = toNodeSelector(below(where, 'nodeSelector'));
  if (nodeName === undefined && nodeSelector === undefined && !flag(below(where, 'allNodes'))) return [];
  const count = devices.some(isShared) ? Infinity : devices.length;
  if (count === 0) return [];
  return [
    { count, ...(nodeName === undefined ? {} : { nodeName }), ...(nodeSelector === undefined ? {} : { nodeSelector }) },
  ];
}

/** Such a device can be allocated any number of times. */
function isShared(device: Field): boolean {
  const shared = below(device, 'allowMultipleAllocations');
  return !isAbsent(shared) && flag(shared);
}

const DRIVER = /^device\.driver == (?:"([^"\\]+)"|'([^'\\]+)')$/;

/** The driver that a CEL expression wants, if that is all that it says or is joined to the rest by "and". */
function driverIn(expression: string): string | undefined {
  // Within brackets or strings, or beside an alternative, the same words may mean something else.
  if (/[()|?]/.test(expression)) return undefined;
  const found = expression.split('&&').map(part => DRIVER.exec(part.trim().replaceAll(/\s+/g, ' ')));
  const [, double, single] = found.find(match => match !== null) ?? [];
  return double ?? single;
}
