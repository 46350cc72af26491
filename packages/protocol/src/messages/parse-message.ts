import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { ApiError } from '../errors.ts';
import { schemaProblems } from '../schema-problems.ts';

/** The most problems of one kind that a message names. The validator itself finds only a few. */
const MAX_PROBLEMS = 3;

/**
 * Turns what came over the wire into the type, or throws ApiError InvalidRequest that names the first wrong fields, what was
 * expected there and what came. To refuse costs no more than to accept: no element of a list that is too long is looked at,
 * and of the others only the first wrong ones are looked at twice. Unknown fields are left alone: a newer peer may send them.
 * Of a schema that is `secret` no value is shown.
 */
export function messageParser<S extends TSchema>(schema: S, what: string): (value: unknown) => Static<S> {
  const validator = Compile(schema);
  const lists = listsOf(schema);
  const isLong = longListTest(schema);
  const { secret = false } = schema as { secret?: boolean };
  const refuse = (details: readonly string[]) =>
    new ApiError('InvalidRequest', `not a valid ${what}: ${details[0] ?? 'unreadable'}`, { details });

  return value => {
    if (isLong?.(value)) throw refuse(longLists(schema, value, what));
    if (validator.Check(value)) return value as Static<S>;
    throw refuse(schemaProblems(validator.Errors(withFirstWrong(value, lists)), value, what, !secret));
  };
}

/** A field that is a list. */
interface ListField {
  readonly name: string;
  readonly item: Validator;
}

function listsOf(schema: TSchema): readonly ListField[] {
  const { properties = {} } = schema as { properties?: Record<string, { items?: TSchema }> };
  return Object.entries(properties).flatMap(([name, { items }]) =>
    items === undefined ? [] : [{ name, item: Compile(items) }],
  );
}

/** Whether a list in the value is too long, also inside of elements of others; undefined where the schema has no lists. */
function longListTest(schema: object): ((value: unknown) => boolean) | undefined {
  const { properties = {}, items, maxItems = Infinity } = schema as SchemaParts;
  const isItemLong = items && longListTest(items);
  if (items !== undefined)
    return value =>
      Array.isArray(value) && (value.length > maxItems || (isItemLong !== undefined && value.some(isItemLong)));
  const fields = Object.entries(properties).flatMap(([name, field]) => {
    const isLong = longListTest(field);
    return isLong === undefined ? [] : [{ name, isLong }];
  });
  if (fields.length === 0) return undefined;
  return value =>
    typeof value === 'object' &&
    value !== null &&
    fields.some(({ name, isLong }) => isLong((value as Record<string, unknown>)[name]));
}

/** The first lists that are too long. */
function longLists(schema: object, value: unknown, path: string): readonly string[] {
  const { properties = {}, items, maxItems = Infinity } = schema as SchemaParts;
  const found: string[] = [];
  if (Array.isArray(value)) {
    if (value.length > maxItems) return [`${path}: expected at most ${maxItems} items`];
    if (items === undefined) return [];
    for (let i = 0; i < value.length && found.length < MAX_PROBLEMS; i++)
      found.push(...longLists(items, value[i], `${path}[${i}]`));
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(properties))
      found.push(...longLists(field, (value as Record<string, unknown>)[name], `${path}.${name}`));
  }
  return found.slice(0, MAX_PROBLEMS);
}

interface SchemaParts {
  readonly properties?: Readonly<Record<string, object>>;
  readonly items?: object;
  readonly maxItems?: number;
}

/** The message with lists in which only the first wrong elements are left, each in its place. */
function withFirstWrong(value: unknown, lists: readonly ListField[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const cut: Record<string, unknown> = { ...value };
  for (const { name, item } of lists) {
    const field = cut[name];
    if (!Array.isArray(field)) continue;
    // The validator passes over places that are empty.
    const wrong: unknown[] = [];
    let found = 0;
    for (let i = 0; i < field.length && found < MAX_PROBLEMS; i++) {
      if (item.Check(field[i])) continue;
      wrong[i] = field[i];
      found += 1;
    }
    cut[name] = wrong;
  }
  return cut;
}
