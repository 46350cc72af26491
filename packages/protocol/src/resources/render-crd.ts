import { API_VERSION, PrefetchSpec } from './prefetch.ts';
import { RULES } from './cross-field-rules.ts';
import type { SchemaNode } from './schema-node.ts';
import { PrefetchStatus, type ResourceKind } from './status.ts';
import { TECHSQUAD_API_VERSION, TechsquadSpec, TechsquadStatus } from './techsquad-prefetch.ts';

const [GROUP, VERSION] = API_VERSION.split('/') as [string, string];

interface Shape {
  readonly scope: 'Namespaced' | 'Cluster';
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
}

const SHAPES: Readonly<Record<ResourceKind, Shape>> = {
  Prefetch: {
    scope: 'Namespaced',
    plural: 'prefetches',
    shortName: 'pf',
    description: 'Images to keep warm: named outright, or those of workloads of its own namespace',
  },
  ClusterPrefetch: {
    scope: 'Cluster',
    plural: 'clusterprefetches',
    shortName: 'cpf',
    description: 'Images to keep warm: named outright, or those of workloads of all or of chosen namespaces',
  },
};

const conditionStatus = (type: string) => `.status.conditions[?(@.type=="${type}")].status`;

const COLUMNS = [
  { name: 'Images', type: 'integer', jsonPath: '.status.summary.images', description: 'Images wanted' },
  { name: 'Nodes', type: 'integer', jsonPath: '.status.summary.nodes', description: 'Nodes on which one is wanted' },
  { name: 'Present', type: 'string', jsonPath: '.status.warm', description: 'Present cells of those that count' },
  { name: 'Ready', type: 'string', jsonPath: conditionStatus('Ready'), description: 'Accepted, read and planned' },
  { name: 'Warm', type: 'string', jsonPath: conditionStatus('Warm'), description: 'Every cell that counts is present' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ...onlyWide([
    {
      name: 'Pulling',
      type: 'integer',
      jsonPath: '.status.summary.pulling',
      description: 'Cells that are being pulled',
    },
    {
      name: 'Failed',
      type: 'integer',
      jsonPath: '.status.summary.failed',
      description: 'Cells whose last pull failed',
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Warm")].message',
      description: 'Why it is warm or not',
    },
  ]),
];

function onlyWide(columns: readonly object[]): readonly object[] {
  return columns.map(column => ({ ...column, priority: 1 }));
}

/**
 * What a resource says until the coordinator has looked at it: without a Ready condition `helm --wait` (kstatus) would take it for
 * ready at once. The API server drops a status that a create brings, but gives this default to whoever reads. docs/decisions/0023-a-status-before-the-first.md
 */
const UNSEEN_STATUS = {
  conditions: ['Accepted', 'Ready', 'Warm'].map(type => ({
    type,
    status: 'Unknown',
    reason: 'Pending',
    message: 'the coordinator has not looked at it yet',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  })),
};

/** The CustomResourceDefinition of a kind. */
export function renderCrd(kind: ResourceKind): object {
  const { scope, plural, shortName } = SHAPES[kind];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['kube-prefetch'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: schemaOf(kind) },
        },
      ],
    },
  };
}

function schemaOf(kind: ResourceKind): StructuralSchema {
  return {
    type: 'object',
    description: SHAPES[kind].description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: { ...toStructural(PrefetchSpec), 'x-kubernetes-validations': validationsOf(kind) },
      status: { ...toStructural(onlyTypes(PrefetchStatus)), default: UNSEEN_STATUS },
    },
  };
}

function validationsOf(kind: ResourceKind): readonly object[] {
  return RULES.filter(rule => rule.kinds.includes(kind)).map(({ cel, message }) => ({ rule: cel, message }));
}

/** Of the Prefetch of another operator, as that defines it, with columns. */
export function renderTechsquadCrd(): object {
  const [group, version] = TECHSQUAD_API_VERSION.split('/') as [string, string];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `prefetches.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Prefetch', listKind: 'PrefetchList', plural: 'prefetches', singular: 'prefetch' },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'Images of Deployments to keep warm',
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: toStructural(TechsquadSpec),
                status: toStructural(TechsquadStatus),
              },
            },
          },
        },
      ],
    },
  };
}

/** A schema as a CustomResourceDefinition takes it. */
type StructuralSchema = Readonly<Record<string, unknown>>;

/**
 * | ours                        | structural                                                             |
 * | --------------------------- | ---------------------------------------------------------------------- |
 * | enum                        | `type: string` beside it                                               |
 * | additionalProperties: false | nothing: the API server refuses or prunes unknown fields               |
 * | patternProperties of a map  | additionalProperties                                                   |
 * | required, with a default    | the default alone: the API server fills it in before it validates      |
 * | a list                      | its list type: map where it has keys, set where unique, else atomic    |
 * | a whole number or text      | an IntOrString, which has no type                                      |
 */
export function toStructural(schema: SchemaNode): StructuralSchema {
  const { properties, patternProperties = {}, items, required = [] } = schema;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const [mapValue] = Object.values(patternProperties);
  const needed = required.filter(name => properties?.[name]?.default === undefined);
  return {
    ...(schema.enum && { type: 'string' }),
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => UNCHANGED.has(keyword))),
    ...(isIntOrString && { type: undefined, 'x-kubernetes-int-or-string': true }),
    ...(needed.length > 0 && { required: needed }),
    ...(properties && { properties: eachValue(properties, toStructural) }),
    ...(mapValue && { additionalProperties: toStructural(mapValue) }),
    ...(items && { 'x-kubernetes-list-type': listTypeOf(schema), items: toStructural(items) }),
  };
}

const UNCHANGED: ReadonlySet<string> = new Set<keyof SchemaNode>([
  'type',
  'description',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
]);

function listTypeOf(list: SchemaNode): string {
  if (list['x-kubernetes-list-map-keys'] !== undefined) return 'map';
  return list.uniqueItems ? 'set' : 'atomic';
}

/**
 * Of a status only the types: a coordinator of another version than the CRD may write it, and a status that cannot be
 * written is worse than one with a word that the CRD does not know. The keys of a list stay required, as Kubernetes demands.
 */
function onlyTypes(schema: SchemaNode): SchemaNode {
  const { type, description, enum: values, properties, items, 'x-kubernetes-list-map-keys': keys } = schema;
  return {
    type: values === undefined ? (type ?? 'object') : 'string',
    ...(description && { description }),
    ...(keys && { 'x-kubernetes-list-map-keys': keys }),
    ...(properties && { properties: eachValue(properties, onlyTypes) }),
    ...(items && { items: { ...onlyTypes(items), ...(keys && { required: keys }) } }),
  };
}

function eachValue<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
