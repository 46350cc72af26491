import { aNode } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import { root } from './read-fields.ts';
import { toNamespace } from './to-namespace.ts';
import { toNode } from './to-node.ts';

const node = (rest: object = {}) => root({ metadata: { name: 'n1' }, ...rest });
const fromApi = { readyUnlessSaid: false };
const byHand = { readyUnlessSaid: true };

test('everything that decisions read is taken from a node', () => {
  const object = root({
    metadata: { name: 'n1', labels: { pool: 'gpu' }, deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      taints: [
        { key: 'a', effect: 'NoSchedule' },
        { key: 'b', value: 'c', effect: 'NoExecute' },
      ],
      unschedulable: true,
    },
    status: {
      conditions: [
        { type: 'DiskPressure', status: 'True' },
        { type: 'MemoryPressure', status: 'Unknown' },
        { type: 'PIDPressure', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
      nodeInfo: { containerRuntimeVersion: 'containerd://1.6.20' },
      capacity: { cpu: '4', 'nvidia.com/gpu': '8', 'a.io/gone': '1' },
      allocatable: { cpu: '4', 'nvidia.com/gpu': '2', 'a.io/none': '0', 'a.io/some': 1 },
    },
  });
  expect(toNode(object, fromApi)).toEqual({
    name: 'n1',
    labels: { pool: 'gpu' },
    taints: [
      { key: 'a', value: '', effect: 'NoSchedule' },
      { key: 'b', value: 'c', effect: 'NoExecute' },
    ],
    unschedulable: true,
    deleting: true,
    ready: true,
    pressures: ['DiskPressure', 'PIDPressure'],
    runtimeVersion: 'containerd://1.6.20',
    extendedResources: { 'a.io/gone': 1, 'a.io/none': 0, 'a.io/some': 1, 'nvidia.com/gpu': 8 },
  });
});

test('a node that says nothing has nothing against it', () => {
  expect(toNode(node(), byHand)).toEqual(aNode({ name: 'n1' }));
});

test.each([
  ['True', byHand, true],
  ['False', byHand, false],
  ['Unknown', byHand, false],
  [undefined, byHand, true],
  [undefined, fromApi, false],
])('a Ready condition of %s, read with %j, means ready: %s', (status, defaults, ready) => {
  const conditions = status === undefined ? [] : [{ type: 'Ready', status }];
  expect(toNode(node({ status: { conditions } }), defaults).ready).toBe(ready);
});

test.each([
  [{ metadata: {} }, 'metadata.name: expected text, got nothing'],
  [{ spec: { taints: 'none' } }, 'spec.taints: expected a list, got "none"'],
  [{ spec: { taints: [{ key: 'a' }] } }, 'spec.taints[0].effect: expected text, got nothing'],
  [{ spec: { unschedulable: 'yes' } }, 'spec.unschedulable: expected true or false, got "yes"'],
  [{ status: { allocatable: { 'a.io/x': {} } } }, 'status.allocatable.a.io/x: expected a quantity'],
])('a malformed node %j is told by the field', (rest, message) => {
  expect(() => toNode(node(rest), fromApi)).toThrow(message);
});

test('a namespace carries its name as a label, whatever it declares', () => {
  const labels = { team: 'a', 'kubernetes.io/metadata.name': 'liar' };
  expect(toNamespace(root({ metadata: { name: 'shop', labels } }))).toEqual({
    name: 'shop',
    labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' },
  });
});
