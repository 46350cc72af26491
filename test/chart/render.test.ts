import { readdirSync, readFileSync } from 'node:fs';
import { parseWorkloadKinds } from '@kube-prefetch/cluster';
import { readYaml } from '@kube-prefetch/lab/set-up';
import { describe, expect, test } from 'vitest';
import { CHART, helm, objectsIn, type Rendered, template, VALUE_SETS, valuesOf } from './render.ts';

describe.each(VALUE_SETS)('with the values %s', set => {
  test('helm lint finds nothing, strictly', async () => {
    expect(await helm('lint', '--strict', CHART, valuesOf(set))).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('it renders as it did (vitest -u writes the snapshot anew)', async () => {
    const withoutDashboard = (await template(set)).replace(
      /^( *kube-prefetch\.json: ).*$/m,
      '$1(files/grafana-dashboard.json)',
    );
    await expect(withoutDashboard).toMatchFileSnapshot(`snapshots/${set}.yaml`);
  });
});

test('helm lint finds nothing in the values as they are', async () => {
  expect(await helm('lint', '--strict', CHART)).toContain('1 chart(s) linted, 0 chart(s) failed');
});

test('Kubernetes 1.29 is refused, 1.30 and the builds of vendors are not', async () => {
  await expect(template('default', '--kube-version=1.29.14')).rejects.toThrow(/requires kubeVersion: >=1.30.0-0/);
  for (const version of ['1.30.0', 'v1.30.4-eks-036c24b', '1.33.1-gke.1386000'])
    await expect(template('default', `--kube-version=${version}`)).resolves.toContain('kind: DaemonSet');
});

test('the definitions are those of files/crds, and stay', async () => {
  const crds = objectsIn(await template('default', '--set=crds.install=true', '--show-only=templates/crds.yaml'));
  const files = readdirSync(`${CHART}/files/crds`).flatMap(name => objectsIn(read(`files/crds/${name}`)));
  expect(crds.map(({ spec }) => spec)).toEqual(files.map(({ spec }) => spec));
  for (const { metadata } of crds)
    expect(metadata.annotations).toMatchObject({
      'helm.sh/resource-policy': 'keep',
      'kube-prefetch.io/crd-hash': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
});

test("another operator's Prefetch is defined, read and told its status where it is asked for, and only there", async () => {
  const tellsOf = async (...args: readonly string[]) => {
    const yaml = await template('default', '--set=crds.install=true', ...args);
    const objects = objectsIn(yaml) as unknown as readonly RoleLike[];
    return {
      defined: objects.some(({ metadata }) => metadata.name === 'prefetches.cache.techsquad.rocks'),
      rights: objects
        .flatMap(({ rules = [] }) => rules)
        .filter(({ apiGroups }) => apiGroups.includes('cache.techsquad.rocks'))
        .map(({ resources, verbs }) => `${verbs.join()} ${resources.join()}`),
      named: yaml.includes('KUBE_PREFETCH_TECHSQUAD_PREFETCHES'),
    };
  };
  expect(await tellsOf()).toEqual({ defined: false, rights: [], named: false });
  expect(await tellsOf('--set=techsquad.enabled=true')).toEqual({
    defined: true,
    rights: ['get,list,watch prefetches', 'patch prefetches/status'],
    named: true,
  });
});

test.each([
  ['kube-prefetch', 'kube-prefetch-agent'],
  ['my-kube-prefetch', 'my-kube-prefetch-agent'],
  ['warm', 'warm-kube-prefetch-agent'],
])('the agents of the release %s are %s', async (release, name) => {
  expect((await show(release, 'agent/daemon-set.yaml')).metadata.name).toBe(name);
});

test.each(['a'.repeat(53), `kube-prefetch-${'a'.repeat(39)}`])(
  'a release with the longest name, %s, has a Service whose name is no longer than DNS allows',
  async release => {
    const yaml = await show(release, 'coordinator/service.yaml');
    expect(yaml.metadata.name.length).toBeLessThan(64);
    expect(yaml.metadata.name).toMatch(/[a-z]-coordinator$/);
  },
);

test.each([
  ['credentials.secrets=Cluster', ['-coordinator'], true, 'read'],
  ['credentials.secrets={shop,ops}', ['shop/-coordinator-pull-secrets', 'ops/-coordinator-pull-secrets'], true, 'read'],
  ['credentials.secrets=Off', [], false, 'off'],
])('with %s Secrets may be read by the roles %j', async (setting, roles, accounts, tells) => {
  const yaml = await template('default', `--set=${setting}`);
  const objects = objectsIn(yaml) as unknown as readonly RoleLike[];
  const reading = objects.filter(({ rules }) =>
    rules?.some(rule => rule.resources.includes('secrets') && rule.resourceNames === undefined),
  );
  const name = ({ metadata }: RoleLike) =>
    `${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name.replace(/^.*(?=-coordinator)/, '')}`;
  expect(reading.map(name)).toEqual(roles);
  for (const { rules = [] } of reading) {
    expect(rules.find(({ resources }) => resources.includes('secrets'))?.verbs).toEqual(['get']);
  }
  expect(yaml.includes('serviceaccounts')).toBe(accounts);
  expect(yaml).toContain(`name: KUBE_PREFETCH_PULL_SECRETS\n              value: "${tells}"`);
});

test.each([
  ['default', 10, ['rollouts.argoproj.io', 'statefulsets.apps.kruise.io', 'pytorchjobs.kubeflow.org']],
  ['everything', 3, ['rollouts.argoproj.io', 'jobsets.jobset.x-k8s.io', 'fleet.example.com']],
  ['bare', 0, []],
] as const)(
  'with the values %s the coordinator may read %i kinds of others, and is told of the same',
  async (set, count, some) => {
    const yaml = await template(set);
    const objects = objectsIn(yaml) as unknown as readonly RoleLike[];
    const role = objects.find(({ rules }) => rules?.some(({ resources }) => resources.includes('deployments')));
    const rules = role?.rules ?? [];
    const at = (name: string) => rules.findIndex(({ resources }) => resources.includes(name));
    const read = rules
      .slice(at('cronjobs') + 1, at('deviceclasses'))
      .map(({ apiGroups, resources, verbs }) => [`${resources.join()}.${apiGroups.join()}`, verbs.join()]);
    expect(read).toHaveLength(count);
    expect(read).toEqual(expect.arrayContaining(some.map(name => [name, 'list,watch'])));
    const [, told = ''] = /name: KUBE_PREFETCH_WORKLOAD_KINDS\n +value: (".*")\n/.exec(yaml) ?? [];
    const { rows } = parseWorkloadKinds(JSON.parse(told) as string);
    expect(rows.map(({ plural, group }) => `${plural}.${group}`)).toEqual(read.map(([name]) => name));
  },
);

interface RoleLike {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

const AGENT = 'agent/daemon-set.yaml';

test('of the node an agent mounts the folder of the sockets and its own, and cannot write below the former', async () => {
  const { spec } = await pod('warm', AGENT);
  expect(spec.volumes.flatMap(({ hostPath }) => hostPath?.path ?? [])).toEqual([
    '/run',
    '/var/lib/kube-prefetch/kube-prefetch/warm-kube-prefetch',
  ]);
  expect(spec.containers[0]?.volumeMounts[0]).toEqual({
    name: 'runtime',
    mountPath: '/run',
    readOnly: true,
    recursiveReadOnly: 'IfPossible',
  });
});

test('a mount that follows the node is not asked to be recursively read-only, which Kubernetes refuses', async () => {
  const { spec } = await pod('warm', AGENT, '--set=mountPropagation=HostToContainer', '--set=disk.hostPath=/var/lib');
  for (const mount of spec.containers[0]?.volumeMounts.slice(0, 2) ?? [])
    expect(mount).toEqual({
      ...mount,
      readOnly: true,
      mountPropagation: 'HostToContainer',
      recursiveReadOnly: undefined,
    });
});

test("the folder of an image service's socket is mounted too, unless it is there already", async () => {
  const folders = async (...args: readonly string[]) =>
    (await pod('warm', AGENT, ...args)).spec.volumes.flatMap(({ hostPath }) => hostPath?.path ?? []).slice(0, -1);
  const imageSocket = '--set=runtime.imageSocket=/run/images/images.sock';
  expect(await folders(imageSocket)).toEqual(['/run']);
  expect(await folders(imageSocket, '--set=runtime.socket=/run/images/crio.sock')).toEqual(['/run/images']);
  expect(await folders(imageSocket, '--set=runtime.socket=/run/crio/crio.sock')).toEqual(['/run/crio', '/run/images']);
});

test('two releases have state folders of their own', async () => {
  const [one, other] = await Promise.all(['one', 'other'].map(release => pod(release, AGENT)));
  const stateOf = (rendered?: PodTemplate) =>
    rendered?.spec.volumes.find(({ name }) => name === 'state')?.hostPath?.path;
  expect(stateOf(one)).not.toBe(stateOf(other));
});

test("the disk limit looks at the agent's own root unless a folder of the node is named for it", async () => {
  const through = async (...args: readonly string[]) =>
    environmentOf(await pod('warm', AGENT, ...args)).KUBE_PREFETCH_DISK_SEEN_THROUGH;
  expect(await through()).toBe('own-root');
  expect(await through('--set=disk.hostPath=/var/lib/containerd')).toBeUndefined();
});

test('on the network of the node agents listen on its own address alone', async () => {
  const listens = async (...args: readonly string[]) =>
    environmentOf(await pod('warm', AGENT, ...args)).KUBE_PREFETCH_OPS_LISTEN;
  expect(await listens()).toBe(':7073');
  expect(await listens('--set=hostNetwork=true', '--set=agent.port=17073')).toBe('[$(POD_IP)]:17073');
});

test.each(['coordinator/deployment.yaml', 'tests/installation.yaml'])(
  'the platform may give the pod of %s a user, which is still not root',
  async file => {
    const user = async (...args: readonly string[]) => (await pod('warm', file, ...args)).spec.securityContext;
    expect(await user()).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532 });
    const without = await user('--set=coordinator.runAsUser=null');
    expect(without).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  },
);

test('it says which value is missing when an image is not named', async () => {
  await expect(helm('template', 'warm', CHART)).rejects.toThrow(
    /(coordinator|agent)\.image\.repository is empty: set it to where you pushed/,
  );
});

test('the values are those of the table in README.md, with the same defaults', () => {
  const table = read('README.md').matchAll(/^\| `([\w.]+)` \| `([^`]*)` \| /gm);
  expect([...table].map(([, name, value]) => [name, value])).toEqual(leavesOf(readYaml(read('values.yaml'))[0]));
});

interface PodTemplate {
  readonly spec: {
    readonly securityContext: object;
    readonly containers: readonly {
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts: readonly object[];
    }[];
    readonly volumes: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[];
  };
}

/** Of the only object of a template. */
async function pod(release: string, file: string, ...args: readonly string[]): Promise<PodTemplate> {
  const object = await show(release, file, ...args);
  return (object.kind === 'Pod' ? object : (object.spec as { readonly template: unknown }).template) as PodTemplate;
}

function environmentOf({ spec }: PodTemplate): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(spec.containers[0]?.env.map(({ name, value }) => [name, value]) ?? []);
}

/** The only object of a template. */
async function show(release: string, file: string, ...args: readonly string[]): Promise<Rendered> {
  const place = ['--namespace=kube-prefetch', `--show-only=templates/${file}`];
  const yaml = await helm('template', release, CHART, valuesOf('default'), ...place, ...args);
  const [object] = objectsIn(yaml);
  if (object === undefined) throw new Error(`expected an object in ${file}`);
  return object;
}

/** A file of the chart. */
function read(path: string): string {
  return readFileSync(`${CHART}/${path}`, 'utf8');
}

/** `['disk.maxUsedPercent', '80']` and so on; lists and empty objects count as one value. */
function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly [string, string])[] {
  const isBranch =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [[path.join('.'), JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, below]) => leavesOf(below, [...path, key]));
}
