import { expect, test } from 'vitest';
import { type Fixture, NODES, PATIENCE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';

const LABELS = { app: 'nginx' };
const RESOURCES = 'prefetches.cache.techsquad.rocks';

/** What config/samples of kainlite/kubernetes-prefetch-operator has, at 0c7d17dd. */
const SAMPLES = [
  {
    apiVersion: 'cache.techsquad.rocks/v1',
    kind: 'Prefetch',
    metadata: { name: 'prefetch-sample', namespace: 'default' },
    spec: { filter_by_labels: LABELS, retry_after: 60, node_filter: 'worker' },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'nginx-deployment', labels: LABELS, namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                {
                  labelSelector: {
                    matchExpressions: [{ key: 'nginx-schedulable', operator: 'In', values: ['yes'] }],
                  },
                  topologyKey: 'kubernetes.io/hostname',
                },
              ],
            },
          },
          containers: [{ name: 'nginx', image: 'nginx:1.7.9', ports: [{ containerPort: 80 }] }],
        },
      },
    },
  },
];

/** The registry of the cluster answers in place of Docker Hub. */
export function servesTheOriginal(here: () => Fixture, publish: () => Publisher): void {
  test('the sample of the operator that this one comes from is warm on the worker, and nowhere else', async () => {
    const { cluster, get, holds, untilHeld } = here();
    await publish().image('library/nginx', '1.7.9');
    const worker = await cluster.addNode({ name: 'kind-worker' });
    await cluster.apply(SAMPLES);
    const phase = async (name: string) => (await get<{ status?: { phase: string } }>(RESOURCES, name)).status?.phase;
    await untilHeld([worker.number], ['nginx:1.7.9']);
    await until('the phase', async () => (await phase('prefetch-sample')) === 'RUNNING');
    expect(await Promise.all(NODES.map(node => holds(node, 'nginx:1.7.9')))).toEqual([false, false, false]);
    // No pod has its label, so none of the Deployment was scheduled, and the kubelet pulled nothing.
    const { items } = await get('pods', '-n=default');
    expect(items.map(({ status }) => (status as { phase: string }).phase)).toEqual(['Pending', 'Pending']);
    expect(await cluster.kubectl('get', RESOURCES)).toMatch(/^NAME +PHASE +AGE\nprefetch-sample +RUNNING /);
    const says = (name: string, reason: string, sentence: string) =>
      until(`the event of ${name}`, async () =>
        new RegExp(`${reason} .*${sentence}`).test(await cluster.kubectl('describe', RESOURCES, name)),
      );
    await says('prefetch-sample', 'AllPresent', '1 of 1 present \\(1 image on 1 node\\)');

    // The kubelet did not pull it, and its pods start from what is there all the same.
    await cluster.registry.stop();
    const podAffinity = '[{"op": "remove", "path": "/spec/template/spec/affinity"}]';
    await cluster.kubectl('cordon', ...NODES.map(node => `node${node}`));
    await cluster.kubectl('patch', 'deployment', 'nginx-deployment', '--type=json', `--patch=${podAffinity}`);
    await cluster.kubectl('rollout', 'status', 'deployment/nginx-deployment', `--timeout=${PATIENCE}`);
    await cluster.registry.start();
    await cluster.kubectl('uncordon', ...NODES.map(node => `node${node}`));

    const other = (name: string, spec: object) => ({ ...SAMPLES[0], metadata: { name, namespace: 'default' }, spec });
    await cluster.apply([
      other('finds-all', { filter_by_labels: {} }),
      other('finds-none', { filter_by_labels: { app: 'none' } }),
      other('no-node', { filter_by_labels: LABELS, node_filter: 'nowhere' }),
      other('wrong', { filter_by_labels: LABELS, node_filter: '*' }),
    ]);
    const told = { 'finds-all': 'PENDING', 'finds-none': 'PENDING', 'no-node': 'PENDING', wrong: 'FAILED' };
    for (const [name, wanted] of Object.entries(told))
      await until(`${name} to be ${wanted}`, async () => (await phase(name)) === wanted);

    await says('wrong', 'Invalid', "expected a part of a node's name");

    await cluster.kubectl('set', 'image', 'deployment/nginx-deployment', 'nginx=nginx:gone');
    await until('the phase of what cannot be pulled', async () => (await phase('prefetch-sample')) === 'FAILED');
    await says('prefetch-sample', 'Failing', 'nginx:gone: NotFound on 1');
    await cluster.kubectl('delete', RESOURCES, '--all');
    await cluster.kubectl('delete', 'deployment', 'nginx-deployment');
    expect(await holds(worker.number, 'nginx:1.7.9')).toBe(true);
    await cluster.removeNode(worker.number);
  });
}
