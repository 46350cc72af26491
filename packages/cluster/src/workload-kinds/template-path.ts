import { below, entries, type Field, isAbsent, items } from '../to-state/read-fields.ts';

/**
 * Where in an object something is: names joined by dots, each followed by `[*]` where it holds several, `spec.template` or
 * `spec.replicatedJobs[*].template.spec.template`. `[*]` takes each entry of a list, or each value of a mapping.
 */
export interface TemplatePath {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

interface PathStep {
  readonly name: string;
  readonly each: boolean;
}

const MAX_STEPS = 16;
const MAX_LENGTH = 256;
const STEP = /^([A-Za-z][A-Za-z0-9_-]{0,62})(\[\*\])?$/;

/** Throws InvalidPath, which says what is wrong with it. */
export function parsePath(text: string): TemplatePath {
  if (text.length > MAX_LENGTH) throw new InvalidPath(`expected at most ${MAX_LENGTH} characters, got ${text.length}`);
  const parts = text.split('.');
  if (parts.length > MAX_STEPS) throw new InvalidPath(`expected at most ${MAX_STEPS} names, got ${parts.length}`);
  return { text, steps: parts.map(parseStep) };
}

export class InvalidPath extends Error {
  override readonly name = 'InvalidPath';
}

function parseStep(part: string): PathStep {
  const [, name, each] = STEP.exec(part) ?? [];
  if (name === undefined)
    throw new InvalidPath(
      `expected names joined by dots, [*] after one that holds several, got ${JSON.stringify(part)}`,
    );
  return { name, each: each !== undefined };
}

/** Everything that the path leads to and that is not absent, in the order of the object. Throws MalformedField. */
export function follow(object: Field, { steps }: TemplatePath): readonly Field[] {
  return steps
    .reduce<readonly Field[]>(
      (found, { name, each }) =>
        found.flatMap(field => {
          const next = below(field, name);
          return each ? valuesIn(next) : [next];
        }),
      [object],
    )
    .filter(field => !isAbsent(field));
}

function valuesIn(field: Field): readonly Field[] {
  return Array.isArray(field.value) ? items(field) : entries(field).map(([, value]) => value);
}
