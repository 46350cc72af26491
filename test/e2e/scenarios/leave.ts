import type { Cluster } from '@kube-prefetch/lab/cluster';
import { expect, test } from 'vitest';
import { type Fixture, NODES, PATIENCE, RELEASE, TAINTED, conditionOf, until } from '../fixture.ts';
import { helm } from './install.ts';
import type { WarmImages } from './warm.ts';

export function isUpgraded(here: () => Fixture, warm: () => WarmImages): void {
  test('an upgrade of the chart replaces every pod, pulls nothing again and keeps the status', async () => {
    const fixture = here();
    const { cluster, status } = fixture;
    const before = await status('cpf', 'base');
    const authority = await caOf(fixture);
    const requests = requestsFor(fixture, warm().everywhere);
    await helm(fixture, 'upgrade', '--set=parallelPulls=3', '--set=coordinator.podAnnotations.upgraded=yes');
    const agents = await fixture.get('pods', `-n=${RELEASE}`, '-l=app.kubernetes.io/component=agent');
    expect(JSON.stringify(agents.items.map(({ spec }) => spec))).toContain(
      '"KUBE_PREFETCH_PARALLEL_PULLS","value":"3"',
    );
    await until('agents to report to the new leader', async () => (await status('cpf', 'base'))?.summary.unknown === 0);
    await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/base', `--timeout=${PATIENCE}`);
    expect(conditionOf(await status('cpf', 'base'), 'Warm')?.lastTransitionTime).toBe(
      conditionOf(before, 'Warm')?.lastTransitionTime,
    );
    expect(await caOf(fixture)).toBe(authority);
    expect(requestsFor(fixture, warm().everywhere)).toBe(requests);
  });

  test('where a node is not Ready helm --wait fails, --wait=legacy ends, and helm test passes', async () => {
    const fixture = here();
    const { cluster } = fixture;
    // No coordinator runs on it.
    const { kubelet, name } = cluster.node(TAINTED);
    await kubelet.stop();
    await cluster.kubectl('wait', '--for=condition=Ready=Unknown', `node/${name}`, `--timeout=${PATIENCE}`);
    // Its pod is called not ready a moment later, and until then helm finds nothing to wait for.
    const available = '--for=jsonpath={.status.numberAvailable}=2';
    await cluster.kubectl('wait', available, `daemonset/${RELEASE}-agent`, `-n=${RELEASE}`, `--timeout=${PATIENCE}`);
    await expect(helm(fixture, 'upgrade', '--reuse-values', '--timeout=20s')).rejects.toThrow(
      /kube-prefetch-agent not ready.*Available: 2\/3/s,
    );
    await helm(fixture, 'upgrade', '--reuse-values', '--wait=legacy');
    const tested = await cluster.helm('test', RELEASE, `--namespace=${RELEASE}`, `--timeout=${PATIENCE}`);
    expect(tested).toMatch(/Phase:\s+Succeeded/);
    await kubelet.start();
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${name}`, `--timeout=${PATIENCE}`);
  });
}

export function leaves(here: () => Fixture, warm: () => WarmImages): void {
  test('uninstall leaves the definitions of the resources, the resources, the images, and nothing else', async () => {
    const { cluster, holds } = here();
    await cluster.helm('uninstall', RELEASE, `--namespace=${RELEASE}`, '--wait', `--timeout=${PATIENCE}`);
    // What belonged to something deleted is collected a moment later.
    await until('nothing but the definitions', async () => (await leftBehind(cluster)).length === DEFINITIONS.length);
    expect(await leftBehind(cluster)).toEqual(DEFINITIONS);
    const inNamespace = await cluster.kubectl('get', 'all,secrets,configmaps,leases', `-n=${RELEASE}`, '-o=name');
    expect(inNamespace.trim()).toBe('configmap/kube-root-ca.crt');
    expect(await cluster.kubectl('get', 'cpf', 'base', '-o=name')).toContain('base');
    const [image] = warm().everywhere as [string];
    expect(await Promise.all(NODES.map(node => holds(node, image)))).toEqual([true, true, true]);
  });
}

const DEFINITIONS = [
  'customresourcedefinition.apiextensions.k8s.io/clusterprefetches.kube-prefetch.io',
  'customresourcedefinition.apiextensions.k8s.io/prefetches.cache.techsquad.rocks',
  'customresourcedefinition.apiextensions.k8s.io/prefetches.kube-prefetch.io',
];

/** Everything of whatever kind that says it is the release's, sorted. */
async function leftBehind(cluster: Cluster): Promise<readonly string[]> {
  const kinds = await cluster.kubectl('api-resources', '--verbs=list', '--output=name');
  const label = `-l=app.kubernetes.io/instance=${RELEASE}`;
  const left = [];
  for (const kind of kinds.trim().split('\n')) {
    const names = await cluster.kubectl('get', kind, '-A', label, '--output=name', '--ignore-not-found');
    left.push(...names.split('\n').filter(Boolean));
  }
  return left.sort();
}

async function caOf({ get }: Fixture): Promise<string> {
  const { items } = await get('configmaps', `-n=${RELEASE}`, `-l=app.kubernetes.io/instance=${RELEASE}`);
  const [authority] = items.map(({ data }) => (data as Record<string, string> | undefined)?.['ca.crt']);
  if (authority === undefined) throw new Error('expected the certificate authority in the ConfigMap');
  return authority;
}

function requestsFor({ cluster }: Fixture, images: readonly string[]): number {
  const repositories = images.map(image => `/v2/${image.split('/').slice(1).join('/').split(/[:@]/)[0]}/`);
  return cluster.registry
    .requestLog()
    .filter(({ path }) => repositories.some(repository => path.startsWith(repository))).length;
}
