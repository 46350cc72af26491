import { API_VERSION, PrefetchSpec } from './prefetch.ts';
import { RULES } from './rules.ts';
import { PrefetchStatus, type ResourceKind } from './status.ts';
import { onlyTypes, type StructuralSchema, toStructural } from './to-structural.ts';

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
  { name: 'Warm', type: 'string', jsonPath: '.status.warm', description: 'Present cells of those that count' },
  { name: 'Ready', type: 'string', jsonPath: conditionStatus('Ready'), description: 'Accepted, read and planned' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Warm")].message',
    description: 'Why it is warm or not',
    // Only with -o wide.
    priority: 1,
  },
];

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
      status: toStructural(onlyTypes(PrefetchStatus)),
    },
  };
}

function validationsOf(kind: ResourceKind): readonly object[] {
  return RULES.filter(rule => rule.kinds.includes(kind)).map(({ cel, message }) => ({ rule: cel, message }));
}
