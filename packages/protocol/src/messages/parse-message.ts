import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { ApiError } from '../errors.ts';
import { schemaProblems } from '../schema-problems.ts';

/** The most problems of one kind that a message names. The validator itself finds only a few. */
const MAX_PROBLEMS = 3;

/**
 * Turns what came over the wire into the type, or throws ApiError InvalidRequest that names the first wrong fields, what was
 * expected there and what came. To refuse costs no more than to accept: no element of a list that is too long is looked at
 * (of one inside of another list none beyond the bound), and of the others only the first wrong ones are looked at twice. Unknown fields are left alone: a newer peer may send them.
 * Of a schema that is `secret` no value is shown.
 */
export function messageParser<S extends TSchema>(schema: S, what: string): (value: unknown) => Static<S> {
  const validator = Compile(schema);
  const lists = listsOf(schema);
  const { secret = false } = schema as { secret?: boolean };
  const refuse = (details: readonly string[]) =>
    new ApiError('InvalidRequest', `not a valid ${what}: ${details[0] ?? 'unreadable'}`, { details });

  return value => {
    const fields = (value ?? {}) as Record<string, unknown>;
    const tooLong = lists.filter(({ name, maxItems }) => lengthOf(fields[name]) > maxItems);
    if (tooLong.length > 0) {
      throw refuse(tooLong.map(({ name, maxItems }) => `${what}.${name}: expected at most ${maxItems} items`));
    }
    if (validator.Check(value)) return value as Static<S>;
    throw refuse(
      schemaProblems(validator.Errors(shortened(schema, withFirstWrong(value, lists))), value, what, !secret),
    );
  };
}

/** A field that is a list. */
interface ListField {
  readonly name: string;
  readonly maxItems: number;
  readonly item: Validator;
}

function listsOf(schema: TSchema): readonly ListField[] {
  const { properties = {} } = schema as { properties?: Record<string, { items?: TSchema; maxItems?: number }> };
  return Object.entries(properties).flatMap(([name, { items, maxItems = Infinity }]) =>
    items === undefined ? [] : [{ name, maxItems, item: Compile(items) }],
  );
}

function lengthOf(field: unknown): number {
  return Array.isArray(field) ? field.length : 0;
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

/** Every list that is too long with one element more than it may have, so that it is still wrong. */
function shortened(schema: object, value: unknown): unknown {
  const { properties = {}, items, maxItems = Infinity } = schema as SchemaParts;
  if (Array.isArray(value)) {
    // `map` and `slice` leave the empty places empty.
    return items === undefined ? value : value.slice(0, maxItems + 1).map(each => shortened(items, each));
  }
  if (typeof value !== 'object' || value === null) return value;
  const cut: Record<string, unknown> = { ...value };
  for (const [name, field] of Object.entries(properties)) if (name in cut) cut[name] = shortened(field, cut[name]);
  return cut;
}

interface SchemaParts {
  readonly properties?: Readonly<Record<string, object>>;
  readonly items?: object;
  readonly maxItems?: number;
}
