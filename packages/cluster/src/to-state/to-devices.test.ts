import { expect, test } from 'vitest';
import { root } from './read-fields.ts';
import { toDeviceClass, toResourceSlice } from './to-devices.ts';

const classWith = (...expressions: readonly string[]) =>
  toDeviceClass(
    root({
      metadata: { name: 'gpu', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        extendedResourceName: 'example.com/gpu',
        selectors: expressions.map(expression => ({ cel: { expression } })),
      },
    }),
  );

test('what a class is called and serves is taken', () => {
  expect(classWith('device.driver == "gpu.example.com"')).toEqual({
    name: 'gpu',
    createdAt: '2026-01-01T00:00:00Z',
    extendedResource: 'example.com/gpu',
    driver: 'gpu.example.com',
  });
  expect(toDeviceClass(root({ metadata: { name: 'any' }, spec: {} }))).toEqual({ name: 'any', createdAt: '' });
});

test.each([
  ["device.driver == 'gpu.example.com'", 'gpu.example.com'],
  ['device.driver  ==  "gpu.example.com"\n  && device.attributes["gpu.example.com"].type == "gpu"', 'gpu.example.com'],
  ['device.attributes["x"].type == "gpu"', undefined],
  ['device.driver != "gpu.example.com"', undefined],
  ['device.driver == "a" || device.driver == "b"', undefined],
  ['!(device.attributes["x"].ready && device.driver == "a" && true)', undefined],
  ['device.driver.endsWith("example.com")', undefined],
])('of %j the driver is %s', (expression, driver) => {
  expect(classWith(expression).driver).toBe(driver);
});

test('of several selectors, which all must hold, the one that names the driver tells it', () => {
  expect(classWith('device.attributes["x"].ready', 'device.driver == "a"').driver).toBe('a');
});

const slice = (spec: object) =>
  toResourceSlice(root({ spec: { driver: 'gpu.example.com', pool: { name: 'p', generation: 3 }, ...spec } }));
const devices = [{ name: 'gpu-0' }, { name: 'gpu-1' }];
const nodeSelector = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'pool', operator: 'Exists' }] }] };
const kept = { terms: [{ matchExpressions: [{ key: 'pool', operator: 'Exists', values: [] }], matchFields: [] }] };

test.each<[string, object, readonly object[]]>([
  ['of one node', { nodeName: 'n1', devices }, [{ count: 2, nodeName: 'n1' }]],
  ['of all nodes', { allNodes: true, devices }, [{ count: 2 }]],
  ['of nodes with a label', { nodeSelector, devices }, [{ count: 2, nodeSelector: kept }]],
  [
    'each of its own nodes',
    { perDeviceNodeSelection: true, devices: [{ nodeName: 'n1' }, { nodeSelector }, { allNodes: true }] },
    [{ count: 1, nodeName: 'n1' }, { count: 1, nodeSelector: kept }, { count: 1 }],
  ],
  [
    'that many pods share',
    { nodeName: 'n1', devices: [{ allowMultipleAllocations: true }] },
    [{ count: Infinity, nodeName: 'n1' }],
  ],
  ['in a way that is not known', { devices }, []],
  ['of which there are none', { nodeName: 'n1', sharedCounters: [] }, []],
])('devices %s are taken from a slice', (_what, spec, expected) => {
  expect(slice(spec)).toEqual({ driver: 'gpu.example.com', pool: 'p', generation: 3, devices: expected });
});
