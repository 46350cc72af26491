import { Compile } from 'typebox/compile';
import Value from 'typebox/value';
import { API_VERSION, PrefetchSpec } from './prefetch.ts';
import { RULES } from './cross-field-rules.ts';
import type { SchemaNode } from './schema-node.ts';
import { schemaProblems, describeValue } from '../schema-problems.ts';
import { RESOURCE_KINDS, type ResourceKind, type ResourceRef } from './status.ts';

export interface ParsedResource {
  readonly ref: ResourceRef;
  /** `metadata.generation`, which an API server counts up; 1 where there is none. */
  readonly generation: number;
  /** With defaults; asks for nothing where there are problems. */
  readonly spec: PrefetchSpec;
  /** Why it cannot be accepted, a sentence each that names the field. */
  readonly problems: readonly string[];
}

const MAX_PROBLEMS = 10;

/** A Prefetch or ClusterPrefetch as a person wrote it. Never throws. */
export function parseResource(document: unknown): ParsedResource {
  const root = asMapping(document);
  const metadata = asMapping(root.metadata);
  const ref = refOf(root, metadata);
  const { spec, problems } = parseSpec(root.spec, ref.kind);
  const all = [...rootProblems(root), ...problems].slice(0, MAX_PROBLEMS);
  return {
    ref,
    generation: Number.isSafeInteger(metadata.generation) ? (metadata.generation as number) : 1,
    spec: all.length === 0 ? spec : asksForNothing(),
    problems: all,
  };
}

function refOf(root: Mapping, metadata: Mapping): ResourceRef & { readonly kind: ResourceKind } {
  const kind: ResourceKind = root.kind === 'ClusterPrefetch' ? 'ClusterPrefetch' : 'Prefetch';
  const name = asText(metadata.name) ?? '';
  return kind === 'ClusterPrefetch'
    ? { kind, name }
    : { kind, namespace: asText(metadata.namespace) ?? 'default', name };
}

const ROOT_FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

function rootProblems(root: Mapping): string[] {
  const problems = Object.keys(root)
    .filter(field => !ROOT_FIELDS.includes(field))
    .map(field => `${field}: no such field; check the spelling`);
  if (root.apiVersion !== API_VERSION)
    problems.push(`apiVersion: expected ${API_VERSION}, got ${describeValue(root.apiVersion)}`);
  if (!RESOURCE_KINDS.includes(root.kind as ResourceKind))
    problems.push(`kind: expected ${RESOURCE_KINDS.join(' or ')}, got ${describeValue(root.kind)}`);
  return problems;
}

const validator = Compile(PrefetchSpec);

function parseSpec(written: unknown, kind: ResourceKind): { spec: PrefetchSpec; problems: readonly string[] } {
  const spec = Value.Default(PrefetchSpec, dropNulls(PrefetchSpec, written)) as PrefetchSpec;
  if (!validator.Check(spec)) return { spec, problems: schemaProblems(validator.Errors(spec), spec, 'spec') };
  const broken = RULES.filter(rule => rule.kinds.includes(kind) && !rule.check(spec));
  return { spec, problems: broken.map(rule => `spec: ${rule.message}`) };
}

function asksForNothing(): PrefetchSpec {
  return Value.Default(PrefetchSpec, {}) as PrefetchSpec;
}

type Mapping = Readonly<Record<string, unknown>>;

export function asMapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

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
