import { expect, test } from 'vitest';
import { root } from './read-fields.ts';
import { parsePodPlacement, toPodSpec } from './to-pod-spec.ts';

const pod = (spec: object = {}) => ({ containers: [{ image: 'a' }], ...spec });
const podOf = (spec: object) => toPodSpec(root(pod(spec)));

test.each([{}, { image: null }, { image: '' }])('a container without an image yet is read: %j', container => {
  expect(podOf({ containers: [container, { image: 'a' }] }).containers).toEqual([{ image: '' }, { image: 'a' }]);
});

test('images come from containers, init containers, sidecars and image volumes, with their policies', () => {
  const spec = podOf({
    containers: [{ image: 'a', imagePullPolicy: 'Always' }, { image: 'b' }],
    initContainers: [
      { image: 'c', imagePullPolicy: 'Never' },
      { image: 'd', restartPolicy: 'Always' },
    ],
    volumes: [
      { name: 'v', image: { reference: 'e', pullPolicy: 'IfNotPresent' } },
      { name: 'w', image: { reference: 'f' } },
      { name: 'x', emptyDir: {} },
      { name: 'y', image: {} },
    ],
  });
  expect(spec).toMatchObject({
    containers: [{ image: 'a', pullPolicy: 'Always' }, { image: 'b' }],
    initContainers: [{ image: 'c', pullPolicy: 'Never' }, { image: 'd' }],
    imageVolumes: [{ image: 'e', pullPolicy: 'IfNotPresent' }, { image: 'f' }],
  });
});

test('what the scheduler looks at is taken as it is written', () => {
  const term = { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] };
  const spec = podOf({
    nodeName: 'n1',
    nodeSelector: { pool: 'gpu' },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [term, { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term }],
      },
      podAffinity: {},
    },
    tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute', tolerationSeconds: 5 }, {}],
    os: { name: 'linux' },
  });
  expect(spec).toMatchObject({
    nodeName: 'n1',
    nodeSelector: { pool: 'gpu' },
    nodeAffinity: {
      terms: [
        { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }], matchFields: [] },
        { matchExpressions: [], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
      ],
    },
    tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute', tolerationSeconds: 5 }, {}],
    os: 'linux',
  });
});

test.each([
  ['a request', { requests: { 'nvidia.com/gpu': '1' } }, { 'nvidia.com/gpu': 1 }],
  ['a limit alone', { limits: { 'nvidia.com/gpu': 2 } }, { 'nvidia.com/gpu': 2 }],
  ['both', { requests: { 'a.io/x': '1k' }, limits: { 'a.io/x': '2k' } }, { 'a.io/x': 1000 }],
  ['binary thousands', { limits: { 'a.io/x': '3Ki', 'b.io/x': '1Gi' } }, { 'a.io/x': 3072, 'b.io/x': 2 ** 30 }],
  ['below zero', { limits: { 'a.io/x': '-1' } }, {}],
  ['zero', { limits: { 'nvidia.com/gpu': '0', 'a.io/x': '0.0', 'b.io/x': '0Ki' } }, {}],
  [
    'fractions and exponents',
    { limits: { 'a.io/x': '.5', 'b.io/x': '500m', 'c.io/x': '1e3', 'd.io/x': '0e3', 'e.io/x': '+2E' } },
    { 'a.io/x': 0.5, 'b.io/x': 0.5, 'c.io/x': 1000, 'e.io/x': 2e18 },
  ],
  [
    'what Kubernetes counts itself',
    { limits: { cpu: 1, memory: '1Gi', 'hugepages-2Mi': '2Mi', 'ephemeral-storage': '1Gi' } },
    {},
  ],
  [
    'names of Kubernetes',
    { limits: { 'kubernetes.io/x': 1, 'batch.kubernetes.io/x': 1, 'requests.nvidia.com/gpu': 1 } },
    {},
  ],
])('extended resources: %s', (_name, resources, expected) => {
  expect(podOf({ containers: [{ image: 'a', resources }] }).extendedResources).toEqual(expected);
  expect(podOf({ initContainers: [{ image: 'a', resources }] }).extendedResources).toEqual(expected);
});

const needs = (gpus: number, more: object = {}) => ({
  image: 'a',
  resources: { limits: { 'nvidia.com/gpu': gpus } },
  ...more,
});
const sidecar = { restartPolicy: 'Always' };

test.each([
  ['containers run together', { containers: [needs(1), needs(2)] }, 3],
  ['init containers run one by one', { initContainers: [needs(2), needs(3)], containers: [needs(1)] }, 3],
  ['sidecars run beside containers', { initContainers: [needs(1, sidecar)], containers: [needs(2)] }, 3],
  ['an init container waits for no later sidecar', { initContainers: [needs(3), needs(1, sidecar)] }, 3],
  ['an init container runs beside earlier sidecars', { initContainers: [needs(1, sidecar), needs(3)] }, 4],
])('extended resources of a pod: %s', (_name, spec, gpus) => {
  expect(podOf(spec).extendedResources).toEqual({ 'nvidia.com/gpu': gpus });
});

test('null counts as absent everywhere', () => {
  const nothing = {
    initContainers: null,
    volumes: null,
    nodeSelector: null,
    affinity: null,
    tolerations: null,
    os: null,
  };
  expect(podOf({ ...nothing, nodeName: null })).toEqual(podOf({}));
});

test.each([
  [{ containers: [] }, 'containers: expected at least one container, got a list'],
  [{ containers: ['a'] }, 'containers[0]: expected a mapping, got "a"'],
  [{ containers: [{ image: ['a'] }] }, 'containers[0].image: expected text'],
  [pod({ nodeSelector: ['a'] }), 'nodeSelector: expected a mapping, got a list'],
  [pod({ nodeSelector: { a: true } }), 'nodeSelector.a: expected text'],
  [pod({ tolerations: [{ tolerationSeconds: 'soon' }] }), 'tolerations[0].tolerationSeconds: expected a whole number'],
  [pod({ affinity: { nodeAffinity: 'x' } }), 'affinity.nodeAffinity: expected a mapping, got "x"'],
  [
    pod({ initContainers: [{ image: 'a', resources: { limits: { 'a.io/x': 'many' } } }] }),
    'initContainers[0].resources.limits.a.io/x: expected a quantity such as 1 or 500m, got "many"',
  ],
])('a malformed pod %j is told by the field', (spec, message) => {
  expect(() => toPodSpec(root(spec))).toThrow(message);
});

test('where the pods of agents run is read from what the chart says of them', () => {
  const text = JSON.stringify({
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'type', operator: 'NotIn', values: ['kwok'] }] }],
        },
      },
    },
    tolerations: [{ operator: 'Exists' }],
  });
  expect(parsePodPlacement(text)).toEqual({
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    nodeAffinity: {
      terms: [{ matchExpressions: [{ key: 'type', operator: 'NotIn', values: ['kwok'] }], matchFields: [] }],
    },
    tolerations: [{ operator: 'Exists' }],
    extendedResources: {},
  });
});
