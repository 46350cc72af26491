import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import type { NodeView, PrefetchStatus } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MutatingWebhook, type PodSpec, startMutatingWebhook } from './mutating-webhook.ts';
import { prepareCluster, type Replica, startReplica } from './start-replicas.ts';
import { SOON_MS } from '../patience.ts';

const NAMESPACE = 'shop';
const SOON = { timeout: SOON_MS, interval: 300 };
const PROXY = 'mirror.example/mesh/proxy:1';

const folder = scratchFolder('kp-admitted');
const figures: Record<string, string> = {};
let server: ApiServer;
let webhook: MutatingWebhook;
let replica: Replica;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path, controllersToo: true, auditLog: true });
  await prepareCluster(server, ['n1']);
  const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  await server.kubectl('patch', 'node', 'n1', '--subresource=status', `--patch=${ready}`);
  await server.kubectl('create', 'namespace', NAMESPACE);
  await server.kubectl('wait', '--for=create', 'serviceaccount/default', `--namespace=${NAMESPACE}`, '--timeout=180s');
  webhook = await startMutatingWebhook(server, NAMESPACE);
  webhook.answer(rewriteAndInject);
  replica = await startReplica(server, folder.path, 'coordinator-a');
});

afterAll(async () => {
  await replica?.child.stop();
  await server?.close();
  await webhook?.close();
  folder.remove();
  console.log('images as admitted on a real API server:', figures);
});

/** As a registry mirror and a mesh do it together. */
function rewriteAndInject(spec: PodSpec): PodSpec {
  const rewritten = (image: string) =>
    image === 'auto' ? PROXY : image.replace(/^docker\.io\//, 'mirror.example/hub/');
  const containers = spec.containers.map(each => ({ ...each, image: rewritten(each.image) }));
  const sidecar = { name: 'istio-proxy', image: PROXY, restartPolicy: 'Always' };
  const injected = containers.some(({ name }) => name === sidecar.name) ? [] : [sidecar];
  return { ...spec, containers, initContainers: [...(spec.initContainers ?? []), ...injected] };
}

test('a rewritten registry and an injected sidecar are what is planned for each kind, and explain says what came from where', async () => {
  await server.apply([
    workload('apps/v1', 'Deployment', 'web', 'docker.io/team/web:1', { strategy: { type: 'Recreate' } }),
    workload('apps/v1', 'StatefulSet', 'db', 'docker.io/team/db:1', { serviceName: 'db' }),
    workload('apps/v1', 'DaemonSet', 'logs', 'docker.io/team/logs:1'),
    workload('batch/v1', 'Job', 'train', 'docker.io/team/train:1'),
    workload('apps/v1', 'Deployment', 'gateway', 'auto', {}, 'istio-proxy'),
  ]);
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'];
  await prefetch({ workloads: [{ kinds, selector: {}, images: 'Admitted' }] });
  const admitted = ['db', 'logs', 'train', 'web'].map(name => `mirror.example/hub/team/${name}:1`);
  await expect.poll(planned, SOON).toEqual([...admitted, PROXY]);
  expect(await because(`mirror.example/hub/team/web:1`)).toContain('(Deployment shop/web as admitted): Yes');
  // Four workloads are enough for these images; the pod of the fifth may come later.
  await expect
    .poll(() => because(PROXY), SOON)
    .toMatch(/\(DaemonSet shop\/logs as admitted, Deployment shop\/gateway as admitted, .* and 2 more\)/);
  await expect.poll(() => said('Ready'), SOON).toBe('planned: 5 images on 1 node');
});

test('Both wants what is written as well, Written nothing else, and a placeholder counts as one there alone', async () => {
  const written = ['db', 'logs', 'train', 'web'].map(name => `docker.io/team/${name}:1`);
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'];
  await prefetch({ workloads: [{ kinds, selector: {}, images: 'Written' }] });
  await expect.poll(planned, SOON).toEqual(written);
  await expect.poll(() => said('Ready'), SOON).toContain('1 placeholder');
  await prefetch({ workloads: [{ kinds, selector: {} }] });
  const admitted = written.map(image => image.replace('docker.io', 'mirror.example/hub'));
  await expect.poll(planned, SOON).toEqual([...written, ...admitted, PROXY]);
  expect(await because('docker.io/team/web:1')).toContain('(Deployment shop/web): Yes');
});

test('a new template is planned as written until its first pod shows what becomes of it, and stays so without any pod', async () => {
  await prefetch({ workloads: [{ selector: { matchLabels: { app: 'web' } }, images: 'Admitted' }] });
  await expect.poll(planned, SOON).toEqual(['mirror.example/hub/team/web:1', PROXY]);
  webhook.answer('garbage');
  await server.kubectl('set', 'image', 'deployment/web', 'main=docker.io/team/web:2', `--namespace=${NAMESPACE}`);
  await expect.poll(planned, SOON).toContain('docker.io/team/web:2');
  expect(await because('docker.io/team/web:2')).toContain('(Deployment shop/web): Yes');
  webhook.answer(rewriteAndInject);
  await expect.poll(planned, SOON).toEqual(['mirror.example/hub/team/web:2', PROXY]);
  await server.kubectl('scale', 'deployment/web', '--replicas=0', `--namespace=${NAMESPACE}`);
  await waitUntil(
    async () => !(await server.kubectl('get', 'pods', `--namespace=${NAMESPACE}`)).includes('web-'),
    'no pod',
    SOON_MS,
  );
  await new Promise(resolve => setTimeout(resolve, 3_000));
  expect(await planned()).toEqual(['mirror.example/hub/team/web:2', PROXY]);
});

test('what a webhook makes no reference of fails by itself, and drops nothing else', async () => {
  webhook.answer(spec => ({ ...spec, containers: [...spec.containers, { name: 'odd', image: 'Not a//reference' }] }));
  await server.kubectl('scale', 'deployment/web', '--replicas=1', `--namespace=${NAMESPACE}`);
  // It replaces what was learned of this template five minutes later; of a new one at once.
  await server.kubectl('set', 'env', 'deployment/web', 'A=b', `--namespace=${NAMESPACE}`);
  await expect.poll(planned, SOON).toEqual(['Not a//reference', 'docker.io/team/web:2']);
  webhook.answer(rewriteAndInject);
});

test('how soon the images of a pod of a new template are planned, the figures say; nothing is created to find out', async () => {
  await server.kubectl('set', 'image', 'deployment/web', 'main=docker.io/team/web:3', `--namespace=${NAMESPACE}`);
  const created = await waitUntil(
    async () =>
      (await server.kubectl('get', 'pods', '--output=jsonpath={..image}', `--namespace=${NAMESPACE}`)).includes(
        'web:3',
      ) && performance.now(),
    'the pod',
    SOON_MS,
  );
  await waitUntil(async () => (await planned()).includes('mirror.example/hub/team/web:3'), 'it to be planned', SOON_MS);
  figures['pod seen by kubectl to its images planned, at most, s'] = ((performance.now() - created) / 1_000).toFixed(1);
  expect(webhook.asked().dryRuns).toBe(0);
  const ours = server
    .auditEvents()
    .filter(({ userAgent, objectRef }) => userAgent === 'kube-prefetch' && objectRef?.resource === 'pods');
  expect(new Set(ours.map(({ verb }) => verb))).toEqual(new Set(['list', 'watch', 'get']));
});

test('images of bare pods stay wanted after the last of them, and after a restart', async () => {
  webhook.answer(spec => spec);
  await prefetch({
    workloads: [{ kinds: ['Pod'], selector: { matchLabels: { app: 'ci' } }, keepFor: '30m' }],
  });
  const pod = (name: string, image: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels: { app: 'ci' } },
    spec: { containers: [{ name: 'main', image }] },
  });
  await server.apply([pod('build-1', 'ci/build:1'), pod('build-2', 'ci/build:1'), pod('test-1', 'ci/test:1')]);
  await expect.poll(planned, SOON).toEqual(['ci/build:1', 'ci/test:1']);
  await server.kubectl('delete', 'pod', 'build-1', 'build-2', `--namespace=${NAMESPACE}`);
  await expect.poll(() => because('ci/build:1'), SOON).toContain('(pods that were in shop): Yes');
  await expect
    .poll(
      async () => (await status())?.recentPods?.map(({ images, lastUsed }) => [images, lastUsed !== undefined]),
      SOON,
    )
    .toEqual([
      [['ci/test:1'], false],
      [['ci/build:1'], true],
    ]);
  await replica.child.stop();
  await server.kubectl('delete', 'pod', 'test-1', `--namespace=${NAMESPACE}`);
  replica = await startReplica(server, folder.path, 'coordinator-b');
  await expect.poll(planned, SOON).toEqual(['ci/build:1', 'ci/test:1']);
  expect(await because('ci/test:1')).toContain('(pods that were in shop): Yes');
});

test('without the right to list pods images count as written, and status says so', async () => {
  await replica.child.stop();
  replica = await startReplica(server, folder.path, 'coordinator-c', { pods: 'off' });
  await prefetch({ workloads: [{ selector: { matchLabels: { app: 'web' } } }] });
  await expect.poll(planned, SOON).toEqual(['docker.io/team/web:3']);
  await expect.poll(() => said('Ready'), SOON).toContain('the coordinator may not list pods');
  await prefetch({ workloads: [{ kinds: ['Pod'], selector: {} }] });
  await expect.poll(() => said('Accepted'), SOON).toContain('an administrator sets pods.read');
});

function workload(
  apiVersion: string,
  kind: string,
  name: string,
  image: string,
  spec: object = {},
  container = 'main',
): object {
  const labels = { app: name };
  const isJob = kind === 'Job';
  const podSpec = { ...(isJob && { restartPolicy: 'Never' }), containers: [{ name: container, image }] };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      ...(!isJob && { selector: { matchLabels: labels } }),
      template: { metadata: { labels }, spec: podSpec },
      ...spec,
    },
  };
}

async function prefetch(spec: object): Promise<void> {
  await server.apply({
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { name: 'as-admitted', namespace: NAMESPACE },
    spec,
  });
}

async function node(): Promise<NodeView | undefined> {
  const answer = await fetch(`${replica.admin}/v1/nodes/n1`, { signal: AbortSignal.timeout(SOON_MS) });
  return answer.ok ? ((await answer.json()) as NodeView) : undefined;
}

async function planned(): Promise<readonly string[]> {
  return (await node())?.images.map(({ image }) => image) ?? [];
}

async function because(image: string): Promise<string> {
  return (await node())?.images.find(each => each.image === image)?.because.join('; ') ?? '';
}

async function status(): Promise<PrefetchStatus | undefined> {
  const resource = await server.kubectl('get', 'prefetch', 'as-admitted', `--namespace=${NAMESPACE}`, '--output=json');
  return (JSON.parse(resource) as { status?: PrefetchStatus }).status;
}

/** The message of a condition. */
async function said(condition: string): Promise<string | undefined> {
  return (await status())?.conditions.find(({ type }) => type === condition)?.message;
}
