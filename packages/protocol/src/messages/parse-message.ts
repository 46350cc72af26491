import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ApiError } from '../errors.ts';
import { schemaProblems } from '../resources/schema-problems.ts';

const MAX_PROBLEMS = 10;

/**
 * Turns what came over the wire into the type, or throws ApiError InvalidRequest that names each wrong field, what was
 * expected there and what came. Unknown fields are left alone: a newer peer may send them.
 */
export function messageParser<S extends TSchema>(schema: S, what: string): (value: unknown) => Static<S> {
  const validator = Compile(schema);
  return value => {
    if (validator.Check(value)) return value as Static<S>;
    const details = schemaProblems(validator.Errors(value), value, what).slice(0, MAX_PROBLEMS);
    throw new ApiError('InvalidRequest', `not a valid ${what}: ${details[0] ?? 'unreadable'}`, { details });
  };
}
