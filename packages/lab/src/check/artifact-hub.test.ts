import { globSync, readFileSync } from 'node:fs';
import { parseResource } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => parse(readFileSync(path, 'utf8'));
const chart = read('charts/kube-prefetch/Chart.yaml') as {
  readonly version: string;
  readonly appVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
};
const annotations = new Map(
  Object.entries(chart.annotations).map(([name, value]) => [name.replace('artifacthub.io/', ''), value]),
);
const listOf = (name: string) => parse(annotations.get(name) ?? '[]') as readonly Readonly<Record<string, string>>[];

/** artifacthub.io/docs/topics/annotations/helm; the words of category, kinds of changes and capabilities too. */
const DOCUMENTED = (
  'alternativeName category changes containsSecurityUpdates crds crdsExamples images license links maintainers ' +
  'operator operatorCapabilities prerelease recommendations screenshots signKey'
).split(' ');
const WORDS: Readonly<Record<string, string>> = {
  category:
    'ai-machine-learning database integration-delivery monitoring-logging networking security skip-prediction storage streaming-messaging',
  operatorCapabilities: 'Basic Install,Seamless Upgrades,Full Lifecycle,Deep Insights,Auto Pilot',
};

test('the chart tells Artifact Hub only what it documents, in strings and in its words', () => {
  expect(Object.keys(chart.annotations).every(name => name.startsWith('artifacthub.io/'))).toBe(true);
  expect([...annotations.keys()].filter(name => !DOCUMENTED.includes(name))).toEqual([]);
  expect([...annotations.values()].filter(value => typeof value !== 'string')).toEqual([]);
  for (const name of ['operator', 'containsSecurityUpdates']) expect(annotations.get(name)).toMatch(/^(true|false)$/);
  expect(WORDS.category?.split(' ')).toContain(annotations.get('category'));
  expect(WORDS.operatorCapabilities?.split(',')).toContain(annotations.get('operatorCapabilities'));
  expect(readFileSync('LICENSE', 'utf8')).toContain('Apache License');
  expect(annotations.get('license')).toBe('Apache-2.0');
  const kinds = 'added changed deprecated removed fixed security'.split(' ');
  expect(listOf('changes').map(({ kind, description }) => [kinds.includes(kind ?? ''), typeof description])).toEqual(
    listOf('changes').map(() => [true, 'string']),
  );
});

test('it lists the definitions that the chart installs, and examples of them that are valid', () => {
  const definitions = globSync('charts/kube-prefetch/files/crds/*.yaml').sort().map(read) as readonly Definition[];
  expect(
    listOf('crds')
      .map(({ kind, version, name }) => ({ kind, version, name }))
      .toSorted(byName),
  ).toEqual(
    definitions
      .map(({ metadata, spec }) => ({ kind: spec.names.kind, version: spec.versions[0]?.name, name: metadata.name }))
      .toSorted(byName),
  );
  const examples = listOf('crdsExamples') as readonly object[];
  expect(examples).toHaveLength(definitions.length);
  expect(examples.flatMap(example => parseResource(example).problems)).toEqual([]);
});

test('the metadata of the repository has only documented fields', () => {
  const fields = Object.keys(read('charts/artifacthub-repo.yml') as object);
  expect(fields.filter(field => !['repositoryID', 'owners', 'ignore'].includes(field))).toEqual([]);
});

test('one version is in the chart, in package.json and in the labels of the Dockerfile', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const manifests = globSync('packages/*/package.json').map(path => read(path) as { version: string });
  const labels = readFileSync('docker/Dockerfile', 'utf8').matchAll(/image\.version="([^"]+)"/g);
  const versions = [
    chart.version,
    chart.appVersion,
    ...manifests.map(found => found.version),
    ...[...labels].map(([, found]) => found),
  ];
  expect(new Set(versions)).toEqual(new Set([version]));
});

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly names: { readonly kind: string }; readonly versions: readonly { readonly name: string }[] };
}

function byName(one: { name?: string | undefined }, other: { name?: string | undefined }): number {
  return (one.name ?? '').localeCompare(other.name ?? '');
}
