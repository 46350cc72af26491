import type { Labels } from '@kube-prefetch/core';
import { describeValue } from '@kube-prefetch/protocol';

export type Path = readonly (string | number)[];

/** A field with a value that Kubernetes would not accept. */
export class MalformedField extends Error {
  override readonly name = 'MalformedField';
  readonly path: Path;

  constructor(path: Path, text: string) {
    super(`${pathText(path)}: ${text}`);
    this.path = path;
  }
}

/** A value in an object, and its path. Null counts as absent everywhere, as in Kubernetes. */
export interface Field {
  readonly value: unknown;
  readonly path: Path;
}

export function root(value: unknown): Field {
  return { value, path: [] };
}

/** The field below, by names; absent when any of them is. Throws when a value on the way is not a mapping. */
export function below(field: Field, ...names: readonly string[]): Field {
  return names.reduce<Field>((at, name) => {
    if (isAbsent(at)) return { value: undefined, path: [...at.path, name] };
    if (typeof at.value !== 'object' || Array.isArray(at.value)) throw expected(at, 'a mapping');
    return { value: (at.value as Record<string, unknown>)[name], path: [...at.path, name] };
  }, field);
}

/** The entries of a list; none when it is absent. */
export function items(field: Field): readonly Field[] {
  if (isAbsent(field)) return [];
  if (!Array.isArray(field.value)) throw expected(field, 'a list');
  return field.value.map((value: unknown, index) => ({ value, path: [...field.path, index] }));
}

/** The entries of a mapping by name; none when it is absent. */
export function entries(field: Field): readonly (readonly [string, Field])[] {
  if (isAbsent(field)) return [];
  if (typeof field.value !== 'object' || Array.isArray(field.value)) throw expected(field, 'a mapping');
  return Object.entries(field.value as object).map(([name, value]: [string, unknown]) => [
    name,
    { value, path: [...field.path, name] },
  ]);
}

export function text(field: Field): string {
  const value = optionalText(field);
  if (value === undefined) throw expected(field, 'text');
  return value;
}

/** Undefined when absent or empty: Kubernetes does not tell the two apart. */
export function optionalText(field: Field): string | undefined {
  if (isAbsent(field) || field.value === '') return undefined;
  if (typeof field.value !== 'string') throw expected(field, 'text (quote it if it looks like something else)');
  return field.value;
}

/** False when absent. */
export function flag(field: Field): boolean {
  if (isAbsent(field)) return false;
  if (typeof field.value !== 'boolean') throw expected(field, 'true or false');
  return field.value;
}

export function optionalInteger(field: Field): number | undefined {
  if (isAbsent(field)) return undefined;
  if (!Number.isSafeInteger(field.value)) throw expected(field, 'a whole number');
  return field.value as number;
}

export function labels(field: Field): Labels {
  return Object.fromEntries(entries(field).map(([name, value]) => [name, optionalText(value) ?? '']));
}

export function isAbsent(field: Field): boolean {
  return field.value === undefined || field.value === null;
}

export function expected(field: Field, what: string): MalformedField {
  return new MalformedField(field.path, `expected ${what}, got ${describeValue(field.value ?? undefined)}`);
}

/** `spec.containers[0].image`. */
export function pathText(path: Path): string {
  const text = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text || 'the document';
}
