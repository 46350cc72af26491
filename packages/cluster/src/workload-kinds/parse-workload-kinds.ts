import { kindKey } from '@kube-prefetch/core';
import { isDnsLabel, isSubdomain } from '@kube-prefetch/protocol';
import {
  below,
  entries,
  expected,
  type Field,
  isAbsent,
  items,
  MalformedField,
  optionalText,
  root,
  text,
} from '../to-state/read-fields.ts';
import { BUILT_IN_KINDS } from './built-in-kinds.ts';
import type { Finished, KindRow, WorkloadKinds } from './kind-row.ts';
import { KNOWN_MAKERS, KNOWN_ROWS } from './known-kinds.ts';
import { InvalidPath, parsePath, type TemplatePath } from './template-path.ts';

const MAX_ROWS = 64;
const MAX_TEMPLATES = 16;
const MAX_VALUES = 16;

/**
 * Reads a list in JSON of names of known kinds, `Rollout` or `Rollout.argoproj.io`, and of rows of anybody's own. Throws an
 * Error that says which entry is wrong, and how.
 */
export function parseWorkloadKinds(json: string): WorkloadKinds {
  const entriesOf = items(root(JSON.parse(json)));
  if (entriesOf.length > MAX_ROWS) throw expected(root(entriesOf), `at most ${MAX_ROWS} kinds`);
  const rows = new Map<string, KindRow>();
  for (const field of entriesOf) {
    const row = typeof field.value === 'string' ? knownRow(field) : toRow(field);
    if (rows.has(kindKey(row))) throw expected(field, `every kind once; ${kindKey(row)} is there already`);
    rows.set(kindKey(row), row);
  }
  return { rows: [...rows.values()], makers: KNOWN_MAKERS.filter(maker => !rows.has(kindKey(maker))) };
}

function knownRow(field: Field): KindRow {
  const name = text(field);
  const [found, ...others] = KNOWN_ROWS.filter(row => row.kind === name || kindKey(row) === name);
  if (found === undefined || others.length > 0)
    throw expected(
      field,
      `a row such as {group, version, kind, templates}, or one of ${KNOWN_ROWS.map(kindKey).join(', ')}`,
    );
  return found;
}

const FIELDS = ['group', 'version', 'kind', 'plural', 'templates', 'replicas', 'suspend', 'reference', 'finished'];

function toRow(field: Field): KindRow {
  noOthers(field, FIELDS);
  const kind = checked(below(field, 'kind'), /^[A-Z][A-Za-z0-9]{0,62}$/, 'a kind such as Rollout');
  const group = below(field, 'group');
  if (!isSubdomain(text(group))) throw expected(group, 'a group such as argoproj.io');
  if (BUILT_IN_KINDS.some(row => row.group === group.value && row.kind === kind))
    throw expected(field, 'a kind that is not read anyway');
  const plural = optionalText(below(field, 'plural')) ?? `${kind.toLowerCase()}s`;
  if (!isDnsLabel(plural))
    throw expected(below(field, 'plural'), "the kind's name in the API's paths, such as rollouts");
  const templates = below(field, 'templates');
  const count = items(templates).length;
  if (count === 0 || count > MAX_TEMPLATES)
    throw expected(templates, `1 to ${MAX_TEMPLATES} paths such as spec.template`);
  return {
    group: text(group),
    version: checked(below(field, 'version'), /^v[0-9]+((alpha|beta)[0-9]+)?$/, 'a version such as v1alpha1'),
    kind,
    plural,
    templates: items(templates).map(toPath),
    ...optionalPath(field, 'replicas'),
    ...optionalPath(field, 'suspend'),
    ...optionalPath(field, 'reference'),
    ...toFinished(below(field, 'finished')),
  };
}

function toFinished(field: Field): { readonly finished?: Finished } {
  if (isAbsent(field)) return {};
  noOthers(field, ['conditions', 'path', 'values']);
  const conditions = texts(below(field, 'conditions'));
  const path = below(field, 'path');
  const values = texts(below(field, 'values'));
  if (isAbsent(path) !== (values.length === 0)) throw expected(field, 'path and values together');
  if (isAbsent(path) && conditions.length === 0) throw expected(field, 'conditions, or path and values');
  return { finished: { conditions, ...(isAbsent(path) ? {} : { field: { path: toPath(path), values } }) } };
}

function optionalPath<Name extends string>(field: Field, name: Name): { readonly [N in Name]?: TemplatePath } {
  const path = below(field, name);
  return (isAbsent(path) ? {} : { [name]: toPath(path) }) as { readonly [N in Name]?: TemplatePath };
}

function toPath(field: Field): TemplatePath {
  const path = text(field);
  try {
    return parsePath(path);
  } catch (error) {
    if (error instanceof InvalidPath) throw new MalformedField(field.path, error.message);
    throw error;
  }
}

function texts(field: Field): readonly string[] {
  const list = items(field);
  if (list.length > MAX_VALUES) throw expected(field, `at most ${MAX_VALUES} texts`);
  return list.map(text);
}

function checked(field: Field, pattern: RegExp, what: string): string {
  if (!pattern.test(text(field))) throw expected(field, what);
  return text(field);
}

/** A misspelt field would be a rule that nobody follows. */
function noOthers(field: Field, names: readonly string[]): void {
  const other = entries(field).find(([name]) => !names.includes(name));
  if (other !== undefined) throw expected(other[1], `no field of this name, but ${names.join(', ')}`);
}
