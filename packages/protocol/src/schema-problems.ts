import type { TLocalizedValidationError } from 'typebox/error';

/** A validator's errors as sentences that name the field, what was expected and, unless `show` is false, what came. */
export function schemaProblems(
  errors: readonly TLocalizedValidationError[],
  value: unknown,
  root: string,
  show = true,
): readonly string[] {
  return errors.flatMap(error => {
    const path = pathOf(error.instancePath, root);
    return sentences(error, show ? `, got ${describeValue(valueAt(value, error.instancePath))}` : '').map(
      ([below, text]) => `${path}${below}: ${text}`,
    );
  });
}

/** Pairs of what is appended to the path and what is wrong there. */
function sentences(error: TLocalizedValidationError, came: string): [string, string][] {
  const expected = expectation(error);
  if (expected !== undefined) return [['', `expected ${expected}${came}`]];
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map(name => [`.${name}`, 'expected, but missing']);
    case 'additionalProperties':
      return error.params.additionalProperties.map(name => [`.${name}`, 'no such field; check the spelling']);
    case 'uniqueItems':
      return error.params.duplicateItems.map(index => [
        `[${index}]`,
        'expected every item once; this one is there before',
      ]);
    case 'boolean':
      // The same unknown field once more, from inside.
      return [];
    default:
      return [['', error.message]];
  }
}

function expectation(error: TLocalizedValidationError): string | undefined {
  switch (error.keyword) {
    case 'type':
      return NAMES[String(error.params.type)] ?? String(error.params.type);
    case 'enum':
      return `one of ${error.params.allowedValues.join(', ')}`;
    case 'minLength':
      return `at least ${error.params.limit} character(s)`;
    case 'maxLength':
      return `at most ${error.params.limit} characters`;
    case 'pattern':
      return `text like ${String(error.params.pattern)}`;
    case 'minItems':
      return `at least ${error.params.limit} item(s)`;
    case 'maxItems':
      return `at most ${error.params.limit} items`;
    case 'maxProperties':
      return `at most ${error.params.limit} entries`;
    case 'minimum':
    case 'maximum':
      return `a number ${error.params.comparison} ${error.params.limit}`;
    default:
      return undefined;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text (quote it if it looks like something else)',
  integer: 'a whole number',
  boolean: 'true or false',
  'integer,string': 'a whole number or text',
};

/** `/workloads/0/selector` below `spec` is `spec.workloads[0].selector`. */
function pathOf(pointer: string, root: string): string {
  return segments(pointer).reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}.${part}`), root);
}

function valueAt(value: unknown, pointer: string): unknown {
  return segments(pointer).reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const MAX_SHOWN = 60;

/** A value as a message shows it: text quoted and cut, lists and mappings by what they are. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  if (typeof value !== 'string') return JSON.stringify(value) ?? typeof value;
  return JSON.stringify(value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}…`);
}
