import { expect, test } from 'vitest';
import { renderCrd, toStructural } from './render-crd.ts';
import { RULES } from './cross-field-rules.ts';
import type { ResourceKind } from './status.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly [keyword: string]: unknown;
}

const schemaOf = (kind: ResourceKind): Schema => {
  const crd = renderCrd(kind) as { spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] } };
  return crd.spec.versions[0].schema.openAPIV3Schema;
};

/** A schema and all below it. */
const nodesOf = (schema: Schema): Schema[] => [
  schema,
  ...[...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties].flatMap(below =>
    below === undefined ? [] : nodesOf(below),
  ),
];

const spec = schemaOf('Prefetch').properties?.spec ?? {};
const status = schemaOf('Prefetch').properties?.status ?? {};
const nodes = [...nodesOf(spec), ...nodesOf(status)];

test('every part has a type, every list a list type', () => {
  expect(nodes.filter(node => node.type === undefined && !node['x-kubernetes-int-or-string'])).toEqual([]);
  expect(nodes.filter(node => node.type === 'array' && node['x-kubernetes-list-type'] === undefined)).toEqual([]);
});

test('every list, map and text of a spec has a maximum, from which the cost of its rules is estimated', () => {
  const unbounded = nodesOf(spec).filter(
    node =>
      (node.type === 'array' && node.maxItems === undefined) ||
      (node.additionalProperties !== undefined && node.maxProperties === undefined) ||
      (node.type === 'string' && node.maxLength === undefined && node.enum === undefined),
  );
  expect(unbounded).toEqual([]);
});

test('what a structural schema may not say is left out', () => {
  const words = new Set(nodes.flatMap(Object.keys));
  expect([...words]).not.toEqual(expect.arrayContaining(['uniqueItems']));
  expect([...words]).not.toEqual(expect.arrayContaining(['patternProperties']));
  expect(nodes.map(node => node.additionalProperties)).not.toContain(false);
});

test.each([
  ['unique items', { uniqueItems: true }, 'set'],
  ['keys', { 'x-kubernetes-list-map-keys': ['type'] }, 'map'],
  ['neither', {}, 'atomic'],
])('a list with %s', (_name, options, listType) => {
  expect(toStructural({ type: 'array', items: { type: 'string' }, ...options })).toMatchObject({
    'x-kubernetes-list-type': listType,
  });
});

test('what has a default need not be given', () => {
  expect(spec.required).toBeUndefined();
  expect(spec.properties?.workloads?.items?.required).toEqual(['selector']);
});

test('a status is held to its types alone, so that coordinators of other versions can write it', () => {
  const words = new Set(nodesOf(status).flatMap(Object.keys));
  for (const word of ['enum', 'minimum', 'maxLength', 'maxItems']) expect([...words]).not.toContain(word);
  expect(nodesOf(status).flatMap(({ required = [] }) => required)).toEqual(['type']);
});

test.each<ResourceKind>(['Prefetch', 'ClusterPrefetch'])('a %s carries the rules of its kind', kind => {
  const rules = RULES.filter(rule => rule.kinds.includes(kind));
  expect(schemaOf(kind).properties?.spec?.['x-kubernetes-validations']).toEqual(
    rules.map(({ cel, message }) => ({ rule: cel, message })),
  );
});
