import { readdirSync, readFileSync } from 'node:fs';
import { readYaml } from '@kube-prefetch/lab/set-up';
import { describe, expect, test } from 'vitest';
import { CHART, helm, objectsIn, type Rendered, template, VALUE_SETS, valuesOf } from './render.ts';

describe.each(VALUE_SETS)('with the values %s', set => {
  test('helm lint finds nothing, strictly', async () => {
    expect(await helm('lint', '--strict', CHART, valuesOf(set))).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('it renders as it did (vitest -u writes the snapshot anew)', async () => {
    await expect(await template(set)).toMatchFileSnapshot(`snapshots/${set}.yaml`);
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

test('it says which value is missing when an image is not named', async () => {
  await expect(helm('template', 'warm', CHART)).rejects.toThrow(
    /(coordinator|agent)\.image\.repository is empty: set it to where you pushed/,
  );
});

test('the values are those of the table in README.md, with the same defaults', () => {
  const table = read('README.md').matchAll(/^\| `([\w.]+)` \| `([^`]*)` \| /gm);
  expect([...table].map(([, name, value]) => [name, value])).toEqual(leavesOf(readYaml(read('values.yaml'))[0]));
});

/** The only object of a template. */
async function show(release: string, file: string): Promise<Rendered> {
  const yaml = await helm('template', release, CHART, valuesOf('default'), `--show-only=templates/${file}`);
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
