import type { SchemaNode } from './schema-node.ts';

/** A schema as a CustomResourceDefinition takes it. */
export type StructuralSchema = Readonly<Record<string, unknown>>;

/**
 * | ours                        | structural                                                             |
 * | --------------------------- | ---------------------------------------------------------------------- |
 * | enum                        | `type: string` beside it                                               |
 * | additionalProperties: false | nothing: the API server refuses or prunes unknown fields               |
 * | patternProperties of a map  | additionalProperties                                                   |
 * | required, with a default    | the default alone: the API server fills it in before it validates      |
 * | a list                      | its list type: map where it has keys, set where unique, else atomic    |
 */
export function toStructural(schema: SchemaNode): StructuralSchema {
  const { properties, patternProperties = {}, items, required = [] } = schema;
  const [mapValue] = Object.values(patternProperties);
  const needed = required.filter(name => properties?.[name]?.default === undefined);
  return {
    ...(schema.enum && { type: 'string' }),
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => UNCHANGED.has(keyword))),
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
export function onlyTypes(schema: SchemaNode): SchemaNode {
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
