import type { SchemaNode } from './schema-node.ts';

/**
 * A copy without the fields whose value is null: the API server takes them for absent. Nulls in lists and in fields that
 * the schema does not know stay, as wrong as they are.
 */
export function dropNulls(schema: SchemaNode, value: unknown): unknown {
  const { items, properties = {}, patternProperties = {} } = schema;
  if (Array.isArray(value)) return items === undefined ? value : value.map(item => dropNulls(items, item));
  if (typeof value !== 'object' || value === null) return value;
  const [mapValue] = Object.values(patternProperties);
  const kept = Object.entries(value).flatMap(([name, field]): [string, unknown][] => {
    const below = Object.hasOwn(properties, name) ? properties[name] : mapValue;
    if (below === undefined) return [[name, field]];
    return field === null ? [] : [[name, dropNulls(below, field)]];
  });
  return Object.fromEntries(kept);
}
