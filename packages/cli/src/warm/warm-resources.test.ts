import { readManifests } from '@kube-prefetch/cluster';
import { expect, test } from 'vitest';
import { parseSelector, toWarmResources } from './warm-resources.ts';

const pod = (image: string, more = '') => `{containers: [{name: c, image: ${image}}]${more}}`;
const workload = (kind: string, name: string, spec: string) =>
  `apiVersion: apps/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {template: {spec: ${spec}}}\n`;

function made(text: string, more: Partial<Parameters<typeof toWarmResources>[0]> = {}) {
  const { workloads, problems } = readManifests(text, 'shop');
  expect(problems).toEqual([]);
  const wish = { images: [], workloads, namespace: 'shop', nodes: undefined, pullSecrets: [], expires: undefined };
  const { resources, notes } = toWarmResources({ ...wish, ...more });
  return { notes, specs: resources.map(({ metadata, spec }) => ({ in: metadata.namespace, ...spec })) };
}

test('workloads that may run on the same nodes share a Prefetch, and others have one of their own', () => {
  const text = [
    workload('Deployment', 'web', pod('web:1')),
    workload('StatefulSet', 'db', pod('db:1')),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
    workload('DaemonSet', 'gpu', pod('gpu:1', ', nodeSelector: {pool: gpu}, tolerations: [{operator: Exists}]')),
    workload('Deployment', 'private', pod('private:1', ', imagePullSecrets: [{name: regcred}]')),
  ].join('---\n');
  expect(made(text)).toEqual({
    notes: [],
    specs: [
      { in: 'shop', images: ['db:1', 'web:1'] },
      {
        in: 'shop',
        images: ['gpu:1'],
        nodes: { selector: { matchLabels: { pool: 'gpu' } }, tolerations: [{ operator: 'Exists' }] },
      },
      { in: 'shop', images: ['private:1'], imagePullSecrets: [{ name: 'regcred' }] },
    ],
  });
});

const affinity = (terms: string) =>
  pod(
    'a:1',
    `, affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [${terms}]}}}`,
  );

test('a node affinity of one term becomes a selector; one that cannot be said is noted, and more nodes pull', () => {
  const one = '{matchExpressions: [{key: zone, operator: In, values: [a, b]}]}';
  expect(made(workload('Deployment', 'web', affinity(one))).specs).toEqual([
    {
      in: 'shop',
      images: ['a:1'],
      nodes: { selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] } },
    },
  ]);
  const two = made(workload('Deployment', 'web', affinity(`${one}, {matchExpressions: [{key: x, operator: Exists}]}`)));
  expect(two).toEqual({
    specs: [{ in: 'shop', images: ['a:1'] }],
    notes: [
      'Deployment shop/web: its node affinity cannot be said in a Prefetch: more nodes may pull its images than its pods run on',
    ],
  });
});

test('what no kubelet would pull, and what is excluded by annotation, is left out', () => {
  const text = [
    workload('Deployment', 'auto', pod('auto')),
    workload('Deployment', 'never', '{containers: [{name: c, image: "n:1", imagePullPolicy: Never}]}'),
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: out, annotations: {kube-prefetch.io/exclude: "true"}}\nspec: {template: {spec: {containers: [{name: c, image: "o:1"}]}}}\n',
  ].join('---\n');
  expect(made(text).specs).toEqual([]);
});

test('images named outright go where the selector says; more than one resource may hold come in pieces', () => {
  const images = Array.from({ length: 501 }, (_, index) => `a:${index}`);
  const { specs } = made('', { images, nodes: parseSelector('pool=web') });
  expect(specs.map(spec => [spec.images.length, spec.nodes?.selector?.matchExpressions?.[0]?.values])).toEqual([
    [500, ['web']],
    [1, ['web']],
  ]);
});

test.each([
  ['pool=web', [{ key: 'pool', operator: 'In', values: ['web'] }]],
  [
    'pool!=web,gpu',
    [
      { key: 'pool', operator: 'NotIn', values: ['web'] },
      { key: 'gpu', operator: 'Exists' },
    ],
  ],
  ['!gpu', [{ key: 'gpu', operator: 'DoesNotExist' }]],
  [
    'zone in (a, b),x notin (c)',
    [
      { key: 'zone', operator: 'In', values: ['a', 'b'] },
      { key: 'x', operator: 'NotIn', values: ['c'] },
    ],
  ],
  ['', undefined],
  ['a b', undefined],
  ['!a=b', undefined],
])('the selector %j', (text, matchExpressions) => {
  expect(parseSelector(text)).toEqual(matchExpressions && { matchExpressions });
});
