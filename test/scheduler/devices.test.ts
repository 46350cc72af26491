import type { DeviceClass, ResourceSlice } from '@kube-prefetch/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fields, toDeviceClass, toResourceSlice } from '../../packages/cluster/src/to-state/index.ts';
import { nodeObject, podSpec } from './objects.ts';
import { ourVerdict } from './our-verdict.ts';
import { type Outcome, type RealScheduler, startRealScheduler } from './real-scheduler.ts';

// Extended resources that devices of Dynamic Resource Allocation serve: `example.com/gpu` is what objects.ts requests.

const DRIVER = 'gpu.example.com';
const API = { apiVersion: 'resource.k8s.io/v1' };
const BY_DRIVER = `device.driver == "${DRIVER}"`;

const deviceClass = (name: string, extendedResourceName: string | undefined, ...expressions: readonly string[]) => ({
  ...API,
  kind: 'DeviceClass',
  metadata: { name },
  spec: {
    ...(extendedResourceName && { extendedResourceName }),
    selectors: expressions.map(expression => ({ cel: { expression } })),
  },
});

const CLASSES = [
  deviceClass('gpu', 'example.com/gpu', BY_DRIVER),
  deviceClass('big', 'example.com/big', `${BY_DRIVER} && device.attributes["${DRIVER}"].size == "big"`),
  deviceClass('unnamed', undefined, BY_DRIVER),
];

const device = (name: string, parts: object = {}) => ({ name, attributes: { size: { string: 'small' } }, ...parts });
const gpus = (count: number) => Array.from({ length: count }, (_, index) => device(`gpu-${index}`));

function slice(name: string, spec: object, pool: object = {}, driver = DRIVER) {
  return {
    ...API,
    kind: 'ResourceSlice',
    metadata: { name },
    spec: { driver, pool: { name, generation: 1, resourceSliceCount: 1, ...pool }, ...spec },
  };
}

interface Case {
  readonly name: string;
  readonly slices?: readonly ReturnType<typeof slice>[];
  /** In `status.allocatable`, from a device plugin. */
  readonly plugin?: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly scheduler: Outcome;
  /** Where we are more generous. */
  readonly ours?: 'Yes';
}

const GPU = 'example.com/gpu';
const own = (name: string, count: number) => [slice(name, { nodeName: name, devices: gpus(count) })];

const CASES: readonly Case[] = [
  { name: 'enough', slices: own('enough', 2), requests: { [GPU]: 2 }, scheduler: 'bound' },
  { name: 'too-few', slices: own('too-few', 1), requests: { [GPU]: 2 }, scheduler: 'refused' },
  { name: 'no-driver', requests: { [GPU]: 1 }, scheduler: 'refused' },
  { name: 'plugin-alone', plugin: 2, requests: { [GPU]: 2 }, scheduler: 'bound' },
  { name: 'plugin-away', plugin: 0, slices: own('plugin-away', 1), requests: { [GPU]: 1 }, scheduler: 'bound' },
  { name: 'plugin-first', plugin: 1, slices: own('plugin-first', 4), requests: { [GPU]: 2 }, scheduler: 'refused' },
  { name: 'no-class', slices: own('no-class', 1), requests: { 'example.com/other': 1 }, scheduler: 'refused' },
  {
    name: 'implicit',
    slices: own('implicit', 1),
    requests: { 'deviceclass.resource.kubernetes.io/unnamed': 1 },
    scheduler: 'bound',
  },
  {
    name: 'another-driver',
    slices: [slice('another-driver', { nodeName: 'another-driver', devices: gpus(1) }, {}, 'nic.example.com')],
    requests: { [GPU]: 1 },
    scheduler: 'refused',
  },
  {
    name: 'by-label',
    slices: [slice('by-label', { nodeSelector: selecting('by-label'), devices: gpus(1) })],
    requests: { [GPU]: 1 },
    scheduler: 'bound',
  },
  {
    name: 'by-device',
    slices: [
      slice('by-device', {
        perDeviceNodeSelection: true,
        devices: [device('gpu-0', { nodeName: 'by-device' }), device('gpu-1', { nodeName: 'elsewhere' })],
      }),
    ],
    requests: { [GPU]: 2 },
    scheduler: 'refused',
  },
  {
    name: 'cel-true',
    slices: [
      slice('cel-true', {
        nodeName: 'cel-true',
        devices: [device('big', { attributes: { size: { string: 'big' } } })],
      }),
    ],
    requests: { 'example.com/big': 1 },
    scheduler: 'bound',
  },
  {
    name: 'cel-false',
    slices: own('cel-false', 1),
    requests: { 'example.com/big': 1 },
    scheduler: 'refused',
    ours: 'Yes',
  },
  {
    name: 'half-published',
    slices: [slice('half-published', { nodeName: 'half-published', devices: gpus(1) }, { resourceSliceCount: 2 })],
    requests: { [GPU]: 1 },
    scheduler: 'refused',
    ours: 'Yes',
  },
];

function selecting(name: string): object {
  return { nodeSelectorTerms: [{ matchExpressions: [{ key: 'example.com/pair', operator: 'In', values: [name] }] }] };
}

const trialOf = ({ name, plugin, requests }: Case) => {
  const spec = podSpec(name, {}) as { containers: readonly [object] };
  const limits = Object.fromEntries(Object.entries(requests).map(([resource, amount]) => [resource, String(amount)]));
  return {
    name,
    node: nodeObject(name, plugin === undefined ? {} : { gpus: plugin }),
    podSpec: { ...spec, containers: [{ ...spec.containers[0], resources: { limits } }] },
  };
};

describe('extended resources that devices serve', () => {
  let scheduler: RealScheduler;
  let outcomes: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    scheduler = await startRealScheduler();
    for (const object of CLASSES) await scheduler.create('/apis/resource.k8s.io/v1/deviceclasses', object);
    for (const object of CASES.flatMap(({ slices = [] }) => slices))
      await scheduler.create('/apis/resource.k8s.io/v1/resourceslices', object);
    outcomes = await scheduler.place(CASES.map(trialOf));
  });
  afterAll(() => scheduler?.close());

  test.each(CASES)('$name: the scheduler says $scheduler, and we agree or are more generous', one => {
    expect(outcomes.get(one.name)).toBe(one.scheduler);
    const { node, podSpec: spec } = trialOf(one);
    const deviceClasses: DeviceClass[] = CLASSES.map(object => toDeviceClass(fields.root(object)));
    const resourceSlices: ResourceSlice[] = (one.slices ?? []).map(object => toResourceSlice(fields.root(object)));
    const { verdict } = ourVerdict(node, spec, { deviceClasses, resourceSlices });
    expect(verdict).toBe(one.ours ?? (one.scheduler === 'bound' ? 'Yes' : 'No'));
  });
});
