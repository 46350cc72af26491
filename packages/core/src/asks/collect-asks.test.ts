import { aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from './collect-asks.ts';

const ALL = [{ kinds: ['Deployment' as const], selector: {} }];
const CLUSTER = { kind: 'ClusterPrefetch' as const, name: 'base' };

test('an image named outright is wanted on the nodes of the choice, with its tolerations', () => {
  const nodes = { placement: 'Eligible' as const, tolerations: [{ operator: 'Exists' }] };
  const resource = aResource({ spec: { images: ['pause:3.10'], nodes, priority: 7, suspend: true } });
  expect(collectAsks(aState({ resources: [resource] })).asks).toEqual([
    {
      resource: resource.ref,
      pullSecrets: { keyrings: [] },
      image: 'pause:3.10',
      priority: 7,
      start: false,
      pullsAlways: false,
      placement: {
        choice: nodes,
        pod: { tolerations: [{ operator: 'Exists' }], extendedResources: {} },
      },
      sources: ['spec.images'],
    },
  ]);
});

test("a workload's images are wanted where its pods may run, whatever tolerations the choice has", () => {
  const pod = { nodeSelector: { pool: 'gpu' }, os: 'linux', tolerations: [{ key: 'gpu', operator: 'Exists' }] };
  const nodes = { placement: 'Eligible' as const, tolerations: [{ operator: 'Exists' }] };
  const resource = aResource({ spec: { workloads: [{ kinds: ['DaemonSet'], selector: {} }], nodes } });
  const workloads = [aWorkload({ kind: 'DaemonSet', pod })];
  const [ask, ...others] = collectAsks(aState({ resources: [resource], workloads })).asks;
  expect(others).toEqual([]);
  expect(ask?.placement).toEqual({ choice: nodes, pod: { ...pod, extendedResources: {} } });
  expect(ask?.sources).toEqual(['DaemonSet shop/web']);
});

test('workloads whose pods may run on the same nodes share one ask per image and its placement', () => {
  const pod = { nodeSelector: { zone: 'a', pool: 'gpu' } };
  const workloads = [
    aWorkload({
      name: 'web',
      pod: { ...pod, containers: [{ image: 'app:1' }, { image: 'app:1', pullPolicy: 'Always' }] },
    }),
    aWorkload({ name: 'api', pod: { nodeSelector: { pool: 'gpu', zone: 'a' }, containers: [{ image: 'app:1' }] } }),
    aWorkload({ name: 'job', pod: { containers: [{ image: 'app:1' }] } }),
  ];
  const { asks } = collectAsks(aState({ resources: [aResource({ spec: { workloads: ALL } })], workloads }));
  const told = asks.map(({ image, pullsAlways, sources }) => ({ image, pullsAlways, sources }));
  expect(told).toHaveLength(2);
  expect(told).toContainEqual({
    image: 'app:1',
    pullsAlways: true,
    sources: ['Deployment shop/api', 'Deployment shop/web'],
  });
  expect(told).toContainEqual({ image: 'app:1', pullsAlways: false, sources: ['Deployment shop/job'] });
});

test.each<[string, Partial<PrefetchSpec>, readonly string[]]>([
  ['AsPod, where nothing is said', {}, ['always:1', 'web', 'web:latest']],
  ['Always', { refresh: { policy: 'Always' } }, ['always:1', 'named:1', 'seldom:1', 'web', 'web:latest']],
  ['Never', { refresh: { policy: 'Never' } }, []],
])('with the policy %s these tags are looked up', (_policy, spec, looked) => {
  const containers = [
    { image: 'always:1', pullPolicy: 'Always' as const },
    { image: 'seldom:1' },
    { image: 'web' },
    { image: 'web:latest' },
    { image: 'pinned:latest@sha256:' + '0'.repeat(64), pullPolicy: 'Always' as const },
    { image: 'Malformed', pullPolicy: 'Always' as const },
  ];
  const workloads = [
    aWorkload({ name: 'a', pod: { containers } }),
    aWorkload({ name: 'b', pod: { containers: [{ image: 'always:1', pullPolicy: 'IfNotPresent' }] } }),
  ];
  const resource = aResource({ spec: { workloads: ALL, images: ['named:1'], ...spec } });
  const { asks } = collectAsks(aState({ resources: [resource], workloads }));
  expect(asks.filter(({ refresh }) => refresh !== undefined).map(({ image }) => image)).toEqual(looked);
});

test('asks of several resources share the identity of equal placements', () => {
  const spec = { images: ['app:1'] };
  const resources = [aResource({ spec }), aResource({ ref: CLUSTER, spec: { ...spec, priority: 5 } })];
  const [first, second] = collectAsks(aState({ resources })).asks;
  expect([first?.resource.kind, second?.resource.kind]).toEqual(['ClusterPrefetch', 'Prefetch']);
  expect(first?.placement).toBe(second?.placement);
});

test('exclude takes away named and found images alike', () => {
  const spec = { images: ['debug:1', 'web:2'], workloads: ALL, exclude: ['debug*', 'docker.io/library/web:1'] };
  const { asks } = collectAsks(aState({ resources: [aResource({ spec })], workloads: [aWorkload()] }));
  expect(asks.map(({ image }) => image)).toEqual(['web:2']);
});

test('rules say what is pulled for what is written: those of the resource first, and two of one result are one ask', () => {
  const rewrite = [{ from: 'docker.io/library/', to: 'r.example/hub/' }];
  const chart = [
    { from: 'docker.io/', to: 'never.example/' },
    { from: 'quay.io/', to: 'r.example/hub/' },
  ];
  const spec = {
    images: ['quay.io/web:1', 'quay.io/debug:1', 'Web:'],
    workloads: ALL,
    exclude: ['quay.io/debug*'],
    rewrite,
  };
  const pod = { containers: [{ image: 'auto' }, { image: 'web:1' }, { image: 'docker.io/library/debug' }] };
  const exclude = { ...spec, exclude: [...spec.exclude, 'r.example/hub/debug'] };
  const state = aState({ resources: [aResource({ spec: exclude })], workloads: [aWorkload({ pod })] });
  const { asks, unplanned } = collectAsks(state, {}, chart);
  expect(asks.map(({ image, sources, rewritten }) => ({ image, sources, rewritten }))).toEqual([
    { image: 'Web:', sources: ['spec.images'], rewritten: undefined },
    {
      image: 'r.example/hub/web:1',
      sources: ['Deployment shop/web', 'spec.images'],
      rewritten: ["quay.io/web:1 by the coordinator's rewrite[1]", 'web:1 by spec.rewrite[0]'],
    },
  ]);
  expect([...unplanned.values()]).toEqual([{ excludedByAnnotation: 0, placeholder: 1, neverPulled: 0, tooLong: 0 }]);
});

test('a rule that makes no valid reference of one image is told, and that image alone is no use', () => {
  const deep = `docker.io/${'deep/'.repeat(40)}web:1`;
  const rewrite = [{ from: 'docker.io/', to: `r.example/${'hub/'.repeat(20)}` }];
  const { asks, notes } = collectAsks(
    aState({ resources: [aResource({ spec: { images: [deep, 'web:1'], rewrite } })] }),
  );
  expect(asks).toHaveLength(2);
  expect([...notes.values()].flat()).toEqual([
    expect.stringMatching(/^spec\.rewrite\[0\] makes no valid reference of docker/),
  ]);
});

test('what annotations exclude is counted, unless another workload wants it, and names of nothing are told', () => {
  const pod = {
    containers: [
      { name: 'main', image: 'web:1' },
      { name: 'proxy', image: 'proxy:1' },
      { name: 'gone', image: 'auto' },
    ],
    imageVolumes: [{ name: 'model', image: 'model:1' }],
  };
  const workloads = [
    aWorkload({ pod, annotations: { exclude: ['proxy', 'model', 'gone', 'sidcar'], problems: ['it makes no sense'] } }),
    aWorkload({ name: 'all', pod, annotations: { exclude: 'all', problems: [] } }),
    aWorkload({ name: 'models', pod: { containers: [{ name: 'model', image: 'model:1' }] } }),
    // Two templates of one workload: a name of either is one of the workload.
    ...['main', 'worker'].map(name =>
      aWorkload({
        name: 'job',
        template: name,
        pod: { containers: [{ name, image: `${name}:1` }] },
        annotations: { exclude: ['worker'], problems: [] },
      }),
    ),
  ];
  const resources = [aResource({ spec: { workloads: ALL } })];
  const { asks, unplanned, notes } = collectAsks(aState({ resources, workloads }));
  expect(asks.map(({ image, sources }) => `${image} ${sources.join()}`)).toEqual([
    'main:1 Deployment shop/job main',
    'model:1 Deployment shop/models',
    'web:1 Deployment shop/web',
  ]);
  expect([...unplanned.values()]).toMatchObject([{ excludedByAnnotation: 3, placeholder: 0 }]);
  const nothing = 'kube-prefetch.io/exclude names sidcar, and no container of the pod template has this name';
  expect([...notes]).toEqual([
    ['Prefetch shop/web', ['Deployment shop/web: it makes no sense', `Deployment shop/web: ${nothing}`]],
  ]);
});

test('an opt-in that cannot be understood keeps what is warm and starts nothing, unless somebody else wants it', () => {
  const annotated = (name: string, prefetch: 'yes' | 'unclear', image: string) =>
    aWorkload({ name, annotations: { prefetch, problems: [] }, pod: { containers: [{ image }] } });
  const workloads = [annotated('a', 'unclear', 'a:1'), annotated('b', 'unclear', 'b:1'), annotated('c', 'yes', 'b:1')];
  const choice = [{ kinds: ['Deployment' as const], selector: {}, onlyAnnotated: true }];
  const { asks } = collectAsks(aState({ resources: [aResource({ spec: { workloads: choice } })], workloads }));
  expect(asks.map(({ image, start, unclear }) => ({ image, start, unclear }))).toEqual([
    { image: 'a:1', start: false, unclear: true },
    { image: 'b:1', start: true, unclear: undefined },
  ]);
});

test('images that no kubelet pulls are counted instead of asked for', () => {
  const workloads = [
    aWorkload({ name: 'gateway', pod: { containers: [{ image: 'auto' }, { image: 'web:1', pullPolicy: 'Never' }] } }),
    aWorkload({ name: 'built', pod: { containers: [{ image: ' ' }], imageVolumes: [{ image: 'a'.repeat(513) }] } }),
    aWorkload({
      name: 'local',
      pod: {
        containers: ['web:1', 'web:2', 'skipped:1'].map(image => ({ image, pullPolicy: 'Never' })),
        initContainers: [{ image: 'web:2', pullPolicy: 'IfNotPresent' }],
      },
    }),
  ];
  const resources = [
    aResource({ spec: { workloads: ALL, exclude: ['skipped*'] } }),
    aResource({ ref: CLUSTER, spec: { images: ['auto'] } }),
  ];
  const { asks, unplanned } = collectAsks(aState({ resources, workloads }));
  expect(asks.map(({ image, resource }) => `${image} ${resource.kind}`)).toEqual([
    'auto ClusterPrefetch',
    'web:2 Prefetch',
  ]);
  expect(unplanned).toEqual(
    new Map([['Prefetch shop/web', { excludedByAnnotation: 0, placeholder: 2, neverPulled: 1, tooLong: 1 }]]),
  );
});

test('a resource with problems asks for nothing, and a malformed reference is asked for', () => {
  const bad = [{ kinds: ['Deployment' as const], selector: { matchExpressions: [{ key: 'a', operator: 'Has' }] } }];
  const resources = [
    aResource({ ref: { ...CLUSTER, name: 'schema' }, spec: { images: ['web:1'] }, problems: ['expected a list'] }),
    aResource({ ref: { ...CLUSTER, name: 'selector' }, spec: { images: ['web:1'], workloads: bad } }),
    aResource({ spec: { images: ['Web:'] } }),
  ];
  expect(collectAsks(aState({ resources })).asks.map(({ image }) => image)).toEqual(['Web:']);
});

test('asks come in pull order: higher priority first, then by image, then by resource', () => {
  const resources = [
    aResource({ spec: { images: ['b', 'a', 'B'] } }),
    aResource({ ref: { ...CLUSTER, name: 'late' }, spec: { images: ['z'], priority: 10 } }),
    aResource({ ref: CLUSTER, spec: { images: ['a'], priority: 0 } }),
    aResource({ ref: { ...CLUSTER, name: 'low' }, spec: { images: ['0'], priority: -10 } }),
  ];
  const asks = collectAsks(aState({ resources })).asks.map(({ image, resource }) => `${image} ${resource.kind}`);
  expect(asks).toEqual([
    'z ClusterPrefetch',
    'B Prefetch',
    'a ClusterPrefetch',
    'a Prefetch',
    'b Prefetch',
    '0 ClusterPrefetch',
  ]);
});

test('a resource that pulls by pods of its own wants images where these could run, with secrets of its namespace', () => {
  const ref = { kind: 'Prefetch.cache.techsquad.rocks' as const, namespace: 'default', name: 'sample' };
  const pod = {
    nodeSelector: { pool: 'gpu' },
    tolerations: [{ operator: 'Exists' }],
    serviceAccountName: 'web',
    extendedResources: { 'nvidia.com/gpu': 1 },
  };
  const collected = (imagePullSecrets?: readonly string[]) =>
    collectAsks(
      aState({
        resources: [
          aResource({ ref, ownPods: true, spec: { workloads: ALL, nodes: { names: ['*worker*'] } as never } }),
        ],
        workloads: [aWorkload({ namespace: 'shop', pod: { ...pod, ...(imagePullSecrets && { imagePullSecrets }) } })],
        serviceAccounts: [{ namespace: 'default', name: 'default', imagePullSecrets: ['hub'] }],
        ownNamespace: 'kube-prefetch',
      }),
    ).asks;
  expect(collected(['regcred'])).toMatchObject([
    {
      image: 'web:1',
      sources: ['Deployment shop/web'],
      placement: { choice: { names: ['*worker*'] }, pod: { tolerations: [], extendedResources: {} } },
      pullSecrets: { keyrings: [[{ namespace: 'default', name: 'regcred' }]] },
    },
  ]);
  expect(collected()[0]?.pullSecrets).toEqual({ keyrings: [[{ namespace: 'default', name: 'hub' }]] });
  expect(collected()[0]?.placement.pod).toEqual({ tolerations: [], extendedResources: {} });
});
