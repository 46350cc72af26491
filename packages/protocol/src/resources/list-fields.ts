import type { SchemaNode } from './schema-node.ts';

export interface Field {
  /** `spec.workloads[].kinds`. */
  readonly path: string;
  /** With its bounds, in words. */
  readonly type: string;
  /** The default, `required`, or nothing. */
  readonly presence: string;
  readonly description: string;
}

/** Every field below an object schema, parents before children, in the order of the declaration. */
export function fieldsOf(schema: SchemaNode, path: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const required = schema.required?.includes(name) && child.default === undefined;
    const field: Field = {
      path: `${path}.${name}`,
      type: typeOf(child),
      presence: child.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(child.default)}\``,
      description: child.description ?? '',
    };
    const below = child.items === undefined ? child : child.items;
    return [field, ...fieldsOf(below, child.items === undefined ? field.path : `${field.path}[]`)];
  });
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map(value => `\`${value}\``).join(', ');
  switch (node.type) {
    case 'array':
      return `list of ${typeOf(node.items ?? {})}${bounds('items', node.minItems, node.maxItems)}${node.uniqueItems ? ', each once' : ''}`;
    case 'object':
      return node.properties === undefined
        ? `map of text to text${bounds('entries', undefined, node.maxProperties)}`
        : 'object';
    case 'string':
      return `text${bounds('characters', node.minLength, node.maxLength)}`;
    case 'integer':
      return `integer${bounds('', node.minimum, node.maximum)}`;
    default:
      return node.type ?? 'anything';
  }
}

function bounds(unit: string, min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return '';
  const range = max === undefined ? `from ${min}` : min === undefined ? `up to ${max}` : `${min} to ${max}`;
  return `, ${range} ${unit}`.trimEnd();
}
