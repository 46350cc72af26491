import { readFileSync } from 'node:fs';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { runBlock } from '@kube-prefetch/lab/docs';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { parseResource } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownCrd } from './workload-crds.ts';
import { applyCrds } from './apply-crds.ts';
import { whileAllIsWarm } from './keep-warm.ts';

const folder = scratchFolder('kp-moving');
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  await applyCrds(server);
  await server.apply(readFileSync('charts/kube-prefetch/files/techsquad/prefetches.yaml', 'utf8'));
  const theirs = [
    ['kubefledged.io', 'v1alpha2', 'ImageCache', 'imagecaches'],
    ['apps.kruise.io', 'v1beta1', 'ImagePullJob', 'imagepulljobs'],
    ['apps.kruise.io', 'v1beta1', 'ImageListPullJob', 'imagelistpulljobs'],
  ] as const;
  await server.apply(theirs.map(([group, version, kind, plural]) => ownCrd(group, kind, plural, [version])));
  const names = theirs.map(([group, , , plural]) => `crd/${plural}.${group}`);
  await server.kubectl('wait', '--for=condition=Established', ...names, 'crd/prefetches.cache.techsquad.rocks');
  for (const name of ['kube-fledged', 'shop', 'jhub']) await server.kubectl('create', 'namespace', name);
});

afterAll(async () => {
  await server?.close();
  folder.remove();
});

/** Commands of the page, of which some wait. */
const whileWarm = (work: (env: NodeJS.ProcessEnv) => Promise<string>) => whileAllIsWarm(server, () => work(server.env));

const ours = async (): Promise<readonly OurObject[]> =>
  JSON.parse(await server.kubectl('get', 'kube-prefetch', '--all-namespaces', '--output=json')).items;

interface OurObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What differs from the defaults, by name; all of it is valid. */
async function moved(): Promise<Readonly<Record<string, unknown>>> {
  const objects = await ours();
  expect(objects.flatMap(object => parseResource(object).problems)).toEqual([]);
  const found = objects.map(({ metadata, spec: { images, workloads, nodes, imagePullSecrets } }) => {
    const parts = Object.entries({ images, workloads, nodes, imagePullSecrets });
    const said = parts.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
    return [`${metadata.namespace ?? ''}/${metadata.name}`, Object.fromEntries(said)];
  });
  await server.kubectl('delete', 'kube-prefetch', '--all', '--all-namespaces');
  return Object.fromEntries(found);
}

const ANYWHERE = { placement: 'Eligible', tolerations: [{ operator: 'Exists' }] };
const at = (namespace: string, name: string) => ({ namespace, name });

test('from kubernetes-prefetch-operator', async () => {
  const sample = (name: string, spec: object) => ({
    apiVersion: 'cache.techsquad.rocks/v1',
    kind: 'Prefetch',
    metadata: at('default', name),
    spec,
  });
  await server.apply([
    sample('prefetch-sample', { filter_by_labels: { app: 'nginx' }, retry_after: 60, node_filter: 'worker' }),
    sample('finds-nothing', { filter_by_labels: {} }),
  ]);
  await whileWarm(env => runBlock('docs/moving-over.md', 'kubectl get prefetches.cache.techsquad.rocks', { env }));
  expect(await moved()).toEqual({
    '/default-prefetch-sample': {
      workloads: [{ kinds: ['Deployment'], selector: { matchLabels: { app: 'nginx' } } }],
      nodes: { names: ['*worker*'], placement: 'Eligible' },
    },
  });
  expect(await server.kubectl('get', 'crd', '--output=name')).not.toContain('techsquad');
});

test('from kube-fledged', async () => {
  await server.apply({
    apiVersion: 'kubefledged.io/v1alpha2',
    kind: 'ImageCache',
    metadata: at('kube-fledged', 'imagecache1'),
    spec: {
      cacheSpec: [
        { images: ['ghcr.io/jitesoft/nginx:1.23.1'] },
        { images: ['example.com/cassandra:v7', 'example.com/etcd:3.5.4-0'], nodeSelector: { tier: 'backend' } },
      ],
      imagePullSecrets: [{ name: 'myregistrykey' }],
    },
  });
  await whileWarm(env => runBlock('docs/moving-over.md', 'kubectl get imagecaches', { env }));
  const imagePullSecrets = [{ name: 'myregistrykey' }];
  expect(await moved()).toEqual({
    'kube-fledged/imagecache1-0': { images: ['ghcr.io/jitesoft/nginx:1.23.1'], nodes: ANYWHERE, imagePullSecrets },
    'kube-fledged/imagecache1-1': {
      images: ['example.com/cassandra:v7', 'example.com/etcd:3.5.4-0'],
      nodes: { ...ANYWHERE, selector: { matchLabels: { tier: 'backend' } } },
      imagePullSecrets,
    },
  });
});

test('from OpenKruise', async () => {
  const job = (kind: string, name: string, spec: object, ownerReferences?: readonly object[]) => ({
    apiVersion: 'apps.kruise.io/v1beta1',
    kind,
    metadata: { ...at('shop', name), ...(ownerReferences && { ownerReferences }) },
    spec: { completionPolicy: { type: 'Never' }, ...spec },
  });
  const owner = { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'CloneSet', name: 'web', uid: 'a' };
  const matchExpressions = [
    { key: 'gpu', operator: 'Exists' },
    { key: 'zone', operator: 'In', values: ['a', 'b'] },
  ];
  await server.apply([
    job('ImagePullJob', 'named', { image: 'nginx:1.9.1', selector: { names: ['node-1', 'node-2'] }, parallelism: 10 }),
    job('ImagePullJob', 'everywhere', { image: 'nginx:1.9.1', pullSecrets: ['a', 'b'] }),
    job('ImagePullJob', 'of-pods', { image: 'nginx:1.9.1', podSelector: { matchLabels: { app: 'web' } } }),
    job('ImagePullJob', 'of-a-clone-set', { image: 'nginx:1.9.1' }, [owner]),
    job('ImageListPullJob', 'list', {
      images: ['a:1', 'b:1'],
      selector: { matchLabels: { t: 'x' }, matchExpressions },
    }),
  ]);
  await whileWarm(env => runBlock('docs/moving-over.md', 'kubectl get imagepulljobs', { env }));
  expect(await moved()).toEqual({
    'shop/named': { images: ['nginx:1.9.1'], nodes: { ...ANYWHERE, names: ['node-1', 'node-2'] } },
    'shop/everywhere': { images: ['nginx:1.9.1'], nodes: ANYWHERE, imagePullSecrets: [{ name: 'a' }, { name: 'b' }] },
    'shop/list': {
      images: ['a:1', 'b:1'],
      nodes: { ...ANYWHERE, selector: { matchLabels: { t: 'x' }, matchExpressions } },
    },
  });
});

test.each([
  [
    'as it is',
    {
      tolerations: [{ key: 'hub.jupyter.org/dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' }],
      selector: { matchLabels: {} },
    },
    {},
  ],
  [
    'on nodes of its own',
    {
      tolerations: [],
      selector: {
        matchLabels: { pool: 'users' },
        matchExpressions: [{ key: 'hub.jupyter.org/node-purpose', operator: 'In', values: ['user'] }],
      },
    },
    { imagePullSecrets: [{ name: 'image-pull-secret' }] },
  ],
])('from z2jh, %s', async (_name, { tolerations, selector }, secrets) => {
  const { matchLabels, matchExpressions } = selector as typeof selector & { matchExpressions?: readonly object[] };
  const nodeSelectorTerms = [{ matchExpressions }];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const labels = { app: 'jupyterhub', component: 'continuous-image-puller' };
  await server.apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { ...at('jhub', 'continuous-image-puller'), labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: matchLabels,
          tolerations,
          ...(matchExpressions && { affinity: { nodeAffinity: required } }),
          ...secrets,
          initContainers: ['tools:1', 'user:1', 'big:1', 'user:1'].map((image, index) => ({
            name: `i${index}`,
            image,
          })),
          containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10.2' }],
        },
      },
    },
  });
  const leftOut = ['helm upgrade'];
  await whileWarm(env => runBlock('docs/moving-over.md', 'kubectl get daemonsets', { env, leftOut }));
  const { 'jhub/continuous-image-puller': found } = await moved();
  expect(found).toMatchObject({ images: ['tools:1', 'user:1', 'big:1'], ...secrets });
  expect((found as { nodes: object }).nodes).toEqual({ placement: 'Eligible', tolerations, selector });
  await server.kubectl('delete', 'daemonset', 'continuous-image-puller', '--namespace=jhub');
});
