import { expect, test } from 'vitest';
import { aNode, aPod, aResource, aState, aWorkload } from '../../testing/index.ts';
import { collectAsks } from '../asks/collect-asks.ts';
import { explainNode } from '../plans/explain-verdicts.ts';
import { summarise } from '../status/summarise.ts';
import { aFleet } from '../../testing/index.ts';
import type { AdmittedPods, ClusterState, PodImage, Workload } from '../state/cluster-state.ts';
import { podsWanted } from './pods-wanted.ts';

type Wanted = 'Written' | 'Admitted' | 'Both';

const app = (image: string): PodImage => ({ name: 'app', image });
const web = aWorkload({ pod: { containers: [app('docker.io/team/web:2')] } });
const owner = (kind: string, name: string, group = 'apps') => ({ group, kind, name });
const replicaSet = (name: string, image: string) =>
  aWorkload({ kind: 'ReplicaSet', name, owner: owner('Deployment', 'web'), pod: { containers: [app(image)] } });
const pods = (parts: Partial<AdmittedPods> & { images: readonly PodImage[] }): AdmittedPods => ({
  namespace: 'shop',
  owner: owner('ReplicaSet', 'web-2'),
  revision: { 'pod-template-hash': '2' },
  gone: false,
  pod: aPod({ containers: parts.images }),
  ...parts,
});
const proxy: PodImage = { name: 'istio-proxy', image: 'mirror.example/proxy:1' };
const now = pods({ images: [app('mirror.example/web:2'), proxy] });
const before = pods({ images: [app('mirror.example/web:1')], owner: owner('ReplicaSet', 'web-1'), revision: {} });
const sets = [replicaSet('web-1', 'docker.io/team/web:1'), replicaSet('web-2', 'docker.io/team/web:2')];

function asked(
  workloads: readonly Workload[],
  admitted: readonly AdmittedPods[],
  images: Wanted | undefined,
  kinds = ['Deployment'],
) {
  const spec = { workloads: [{ kinds, selector: {}, ...(images && { images }) }] };
  const state: ClusterState = aState({
    resources: [aResource({ spec })],
    workloads,
    pods: { allowed: true, read: true, gaps: [], admitted, all: [] },
    nodes: [aNode()],
  });
  return { state, ...collectAsks(state) };
}

const images = (...args: Parameters<typeof asked>) => asked(...args).asks.map(({ image }) => image);

test.each<[string, Wanted | undefined, readonly AdmittedPods[], readonly string[]]>([
  ['as written', 'Written', [now], ['docker.io/team/web:2']],
  [
    'both where nothing is said',
    undefined,
    [now],
    ['docker.io/team/web:2', 'mirror.example/proxy:1', 'mirror.example/web:2'],
  ],
  ['both before there are pods', 'Both', [], ['docker.io/team/web:2']],
  ['as admitted', 'Admitted', [now], ['mirror.example/proxy:1', 'mirror.example/web:2']],
  [
    'as admitted, as long as pods of the older template run',
    'Admitted',
    [now, before],
    ['mirror.example/proxy:1', 'mirror.example/web:1', 'mirror.example/web:2'],
  ],
  [
    'as admitted before there are pods of this template: the written one too',
    'Admitted',
    [before],
    ['docker.io/team/web:2', 'mirror.example/web:1'],
  ],
  [
    'as admitted, once it has no pods any more',
    'Admitted',
    [{ ...now, gone: true }],
    ['mirror.example/proxy:1', 'mirror.example/web:2'],
  ],
  [
    'as admitted, without pods of an older template that are gone',
    'Admitted',
    [now, { ...before, gone: true }],
    ['mirror.example/proxy:1', 'mirror.example/web:2'],
  ],
  [
    'as admitted, without what pods of the same template that are gone carried',
    'Admitted',
    [now, { ...now, gone: true, pod: aPod({ containers: [app('m/older:1')] }) }],
    ['mirror.example/proxy:1', 'mirror.example/web:2'],
  ],
])('a Deployment, %s', (_name, wanted, admitted, expected) => {
  expect(images([web, ...sets], admitted, wanted)).toEqual(expected);
});

test.each<[string, Workload, AdmittedPods, boolean]>([
  [
    'a StatefulSet whose pod carries its newest revision',
    aWorkload({ kind: 'StatefulSet', podRevision: ['controller-revision-hash', 'web-b'] }),
    pods({
      images: [app('m/web:1')],
      owner: owner('StatefulSet', 'web'),
      revision: { 'controller-revision-hash': 'web-b' },
    }),
    true,
  ],
  [
    'a StatefulSet whose pod carries an older one',
    aWorkload({ kind: 'StatefulSet', podRevision: ['controller-revision-hash', 'web-b'] }),
    pods({
      images: [app('m/web:1')],
      owner: owner('StatefulSet', 'web'),
      revision: { 'controller-revision-hash': 'web-a' },
    }),
    false,
  ],
  [
    'one of a kind that does not tell',
    aWorkload({ group: 'ray.io', kind: 'RayCluster' }),
    pods({ images: [app('m/web:1')], owner: owner('RayCluster', 'web', 'ray.io') }),
    false,
  ],
  [
    'a Job',
    aWorkload({ group: 'batch', kind: 'Job' }),
    pods({ images: [app('m/web:1')], owner: owner('Job', 'web', 'batch') }),
    true,
  ],
])('Admitted leaves the written image out for %s: %#', (_name, workload, admitted, leftOut) => {
  const kinds = [{ group: 'ray.io', kind: 'RayCluster', read: true, gaps: [], notes: [] }];
  const spec = { workloads: [{ kinds: [workload.kind], selector: {}, images: 'Admitted' as const }] };
  const seen = { allowed: true, read: true, gaps: [], admitted: [admitted], all: [] };
  const { asks } = collectAsks(aState({ resources: [aResource({ spec })], workloads: [workload], kinds, pods: seen }));
  expect(asks.map(({ image }) => image)).toEqual(leftOut ? ['m/web:1'] : ['m/web:1', 'web:1']);
});

test('of several templates of one object, pods count for the one whose containers they have', () => {
  const template = (name: string) =>
    aWorkload({ group: 'batch', kind: 'Job', template: name, pod: { containers: [{ name, image: `${name}:1` }] } });
  const admitted = pods({ images: [{ name: 'head', image: 'm/head:1' }], owner: owner('Job', 'web', 'batch') });
  const { asks } = asked([template('head'), template('worker')], [admitted], 'Both', ['Job']);
  expect(asks.map(({ image, sources }) => [image, sources])).toEqual([
    ['head:1', ['Job shop/web head']],
    ['m/head:1', ['Job shop/web head as admitted']],
    ['worker:1', ['Job shop/web worker']],
  ]);
});

test('pods of a Job that is gone count for its CronJob as long as its template is the same', () => {
  const cron = (image: string) =>
    aWorkload({ group: 'batch', kind: 'CronJob', name: 'nightly', pod: { containers: [app(image)] } });
  const made = aWorkload({
    group: 'batch',
    kind: 'Job',
    name: 'nightly-1',
    owner: owner('CronJob', 'nightly', 'batch'),
    pod: { containers: [app('job:1')] },
  });
  const gone = pods({ images: [app('m/job:1')], owner: owner('Job', 'nightly-1', 'batch'), gone: true, made });
  expect(images([cron('job:1')], [gone], 'Admitted', ['CronJob'])).toEqual(['m/job:1']);
  expect(images([cron('job:2')], [gone], 'Admitted', ['CronJob'])).toEqual(['job:2']);
});

test('a placeholder counts as one until a pod shows what a webhook made of it', () => {
  const gateway = aWorkload({ pod: { containers: [{ name: 'istio-proxy', image: 'auto' }] } });
  const set = { ...gateway, kind: 'ReplicaSet', name: 'web-2', owner: owner('Deployment', 'web') };
  const unplanned = (admitted: readonly AdmittedPods[]) => [
    ...asked([gateway, set], admitted, undefined).unplanned.values(),
  ];
  expect(unplanned([])).toMatchObject([{ placeholder: 1 }]);
  expect(unplanned([pods({ images: [proxy] })])).toEqual([]);
  expect(images([gateway, set], [pods({ images: [proxy] })], undefined)).toEqual(['mirror.example/proxy:1']);
});

test('explain says which image came from where, and rules of rewrite leave what was admitted as it is', () => {
  const { state } = asked([web, ...sets], [now], 'Both');
  const rewrite = [{ from: 'mirror.example/', to: 'never.example/' }];
  const { asks } = collectAsks(state, {}, rewrite);
  const [node = aNode()] = state.nodes;
  expect(explainNode(asks, node).map(({ image, because }) => `${image} ${because.join()}`)).toEqual([
    expect.stringContaining('docker.io/team/web:2 Prefetch shop/web (Deployment shop/web): Yes'),
    expect.stringContaining('mirror.example/proxy:1 Prefetch shop/web (Deployment shop/web as admitted): Yes'),
    expect.stringContaining('mirror.example/web:2 Prefetch shop/web (Deployment shop/web as admitted): Yes'),
  ]);
});

test('an image that no webhook changed is asked for once, as it is written', () => {
  const same = pods({ images: [app('docker.io/team/web:2')] });
  const secret = { ...same, pod: { ...same.pod, imagePullSecrets: ['of-the-pod'] } };
  const asks = (wanted: Wanted) => asked([web, ...sets], [secret], wanted).asks.map(({ sources }) => sources.join());
  expect([asks('Both'), asks('Admitted')]).toEqual([['Deployment shop/web'], ['Deployment shop/web as admitted']]);
});

test('names of injected containers can be excluded', () => {
  const annotations = { exclude: ['istio-proxy'], problems: [] };
  const found = asked([{ ...web, annotations }, ...sets], [now], 'Admitted');
  expect(found.asks.map(({ image }) => image)).toEqual(['mirror.example/web:2']);
  expect([...found.notes.values()]).toEqual([]);
});

test('a pod with 100 containers is planned as it is, and one that a webhook gave no reference fails by itself', () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ name: `c${index}`, image: `m/c${index}:1` }));
  const admitted = pods({ images: [app('Not/A Reference'), ...many] });
  expect(images([web, ...sets], [admitted], 'Admitted')).toHaveLength(101);
});

test('without the right to list pods Both is Written, and status says so', () => {
  const spec = { workloads: [{ kinds: ['Deployment'], selector: {} }] };
  const seen = { allowed: false, read: false, gaps: [], admitted: [], all: [] };
  const state = aState({ resources: [aResource({ spec })], workloads: [web], nodes: [aNode()], pods: seen });
  const message = (of: ClusterState) => {
    const [status] = summarise(
      of,
      collectAsks(of),
      aFleet([], () => ({ state: 'Present' })),
      '',
    );
    return status?.status.conditions.map(({ message: text }) => text).join();
  };
  expect(message(state)).toContain('the coordinator may not list pods');
  expect(message({ ...state, pods: undefined })).not.toContain('may not list pods');
  const pod = aResource({ spec: { workloads: [{ kinds: ['Pod'], selector: {} }] } });
  expect(message({ ...state, resources: [pod] })).toContain('Pod needs the right to list pods');
});

test('pods are read for those workloads that a resource wants as admitted, and for whatever they are made through', () => {
  const other = aWorkload({ name: 'other' });
  const choose = (wanted: Wanted | undefined, selector = {}) =>
    podsWanted(
      aState({
        resources: [
          aResource({ spec: { workloads: [{ kinds: ['Deployment'], selector, ...(wanted && { images: wanted }) }] } }),
        ],
        workloads: [web, other, ...sets],
      }),
    );
  const both = choose(undefined);
  expect([both.all, both.admitted, both.wants('shop', owner('ReplicaSet', 'web-2'))]).toEqual([false, true, true]);
  expect(both.wants('shop', owner('ReplicaSet', 'stranger'))).toBe(false);
  expect(both.wants('other', owner('ReplicaSet', 'web-2'))).toBe(false);
  expect(choose(undefined, { matchLabels: { no: 'such' } }).wants('shop', owner('Deployment', 'other'))).toBe(false);
  expect(choose('Written').admitted).toBe(false);
});
