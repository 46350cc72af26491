import { aNode } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import type { DeviceClass, Devices, ResourceSlice } from '../state/cluster-state.ts';
import { compileDevices } from './devices.ts';

const GPU = 'example.com/gpu';
const aClass = (parts: Partial<DeviceClass> = {}): DeviceClass => ({
  name: 'gpu',
  createdAt: '2026-01-01T00:00:00Z',
  extendedResource: GPU,
  driver: 'gpu.example.com',
  ...parts,
});
const aSlice = (devices: Devices, parts: Partial<ResourceSlice> = {}): ResourceSlice => ({
  driver: 'gpu.example.com',
  pool: 'node-1',
  generation: 1,
  devices: [devices],
  ...parts,
});
const here = aSlice({ count: 4, nodeName: 'node-1' });
const another = aClass({ name: 'another', driver: 'nic.example.com' });
const inPool = { terms: [{ matchExpressions: [{ key: 'pool', operator: 'In', values: ['gpu'] }], matchFields: [] }] };

interface Case {
  readonly what: string;
  readonly classes?: readonly DeviceClass[];
  readonly slices?: readonly ResourceSlice[];
  readonly gpus: number;
}

const CASES: readonly Case[] = [
  { what: 'as many as the driver has published', gpus: 4 },
  { what: 'none without a class', classes: [], gpus: 0 },
  { what: 'none without a slice', slices: [], gpus: 0 },
  { what: 'none of another node', slices: [aSlice({ count: 4, nodeName: 'node-2' })], gpus: 0 },
  { what: 'those that all nodes reach', slices: [aSlice({ count: 2 })], gpus: 2 },
  { what: 'those of nodes with a label', slices: [aSlice({ count: 2, nodeSelector: inPool })], gpus: 2 },
  { what: 'all slices of a pool together', slices: [here, here], gpus: 8 },
  { what: 'not those of an older generation', slices: [here, { ...here, generation: 2 }], gpus: 4 },
  { what: 'none of another driver', classes: [aClass({ driver: 'nic.example.com' })], gpus: 0 },
  {
    what: 'those of any driver where the class does not tell',
    classes: [{ name: 'gpu', createdAt: '', extendedResource: GPU }],
    slices: [here, aSlice({ count: 1 }, { driver: 'nic.example.com' })],
    gpus: 5,
  },
  {
    what: 'what the newer class says',
    classes: [{ ...another, createdAt: '2026-02-01T00:00:00Z' }, aClass()],
    gpus: 0,
  },
  { what: 'what the class says that is first by name', classes: [another, aClass()], gpus: 0 },
];

test.each(CASES)('a node has $what', ({ classes = [aClass()], slices = [here], gpus }) => {
  const amounts = compileDevices({ deviceClasses: classes, resourceSlices: slices })(
    aNode({ labels: { pool: 'gpu' } }),
  );
  expect(amounts[GPU] ?? 0).toBe(gpus);
});

test('every class has a resource of its own name', () => {
  const { extendedResource: _, ...unnamed } = aClass();
  expect(compileDevices({ deviceClasses: [unnamed], resourceSlices: [here] })(aNode())).toEqual({
    'deviceclass.resource.kubernetes.io/gpu': 4,
  });
});
