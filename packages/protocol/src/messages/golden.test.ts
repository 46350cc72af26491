import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TSchema } from 'typebox';
import { Clean, Clone } from 'typebox/value';
import { expect, test } from 'vitest';
import { CELL_STATES, FAILURE_KINDS, PULL_PHASES, WAIT_REASONS } from '../cell.ts';
import { ApiError, Problem } from '../errors.ts';
import { CredentialsAnswer, CredentialsRequest } from './credentials.ts';
import { AGENT_STATES, ImageView, LIMIT_KINDS, NodeView, Overview, ResourcesView } from './overview.ts';
import { messageParser } from './parse-message.ts';
import { PermitAnswer, PermitRequest } from './permit.ts';
import { PlanBody } from './plan.ts';
import { NodeReport, ReportAnswer } from './report.ts';

/**
 * Messages of /v1 as peers of every released version send them. A change that breaks one breaks running agents: keep it,
 * and add another. Those under `wrong` come with how each of the problems they are refused for begins.
 */
const GOLDEN = join(import.meta.dirname, '../../golden/v1');

/** By the first word of the file's name. */
const SCHEMAS: Readonly<Record<string, TSchema>> = {
  plan: PlanBody,
  report: NodeReport,
  'report-answer': ReportAnswer,
  'permit-request': PermitRequest,
  'permit-answer': PermitAnswer,
  'credentials-request': CredentialsRequest,
  'credentials-answer': CredentialsAnswer,
  overview: Overview,
  'resources-view': ResourcesView,
  'node-view': NodeView,
  'image-view': ImageView,
  problem: Problem,
};

const messages = filesIn('*.json');
const wrong = filesIn('wrong/*.json').map(({ file, kind, value }) => ({
  file,
  kind,
  ...(value as { message: unknown; details: readonly string[] }),
}));

test.each(messages)('$file is read as it was written', ({ kind, value }) => {
  expect(parserOf(kind)(value)).toEqual(value);
});

test.each(messages)('$file has no field that the schema has lost', ({ kind, value }) => {
  expect(Clean(schemaOf(kind), Clone(value))).toEqual(value);
});

test.each(messages)('$file is still read with fields of a newer peer', ({ kind, value }) => {
  const newer = { ...(value as object), newerField: { of: ['any', 'shape'] } };
  expect(parserOf(kind)(newer)).toEqual(newer);
});

test.each(wrong)('wrong/$file is refused: $details', ({ kind, message, details }) => {
  const error = refusalOf(kind, message);
  expect(error.code).toBe('InvalidRequest');
  expect(error.details).toEqual(details.map(start => expect.stringContaining(start)));
  expect(error.message).toBe(`not a valid ${kind}: ${error.details[0]}`);
});

test('every kind of message has a golden one', () => {
  expect(new Set(messages.map(({ kind }) => kind))).toEqual(new Set(Object.keys(SCHEMAS)));
});

test.each([
  ['cell state', CELL_STATES],
  ['failure kind', FAILURE_KINDS],
  ['wait reason', WAIT_REASONS],
  ['phase of a pull', PULL_PHASES],
  ['state of an agent', AGENT_STATES],
  ['kind of a limit', LIMIT_KINDS],
])('every %s is in a golden message', (_what, words) => {
  const text = messages.map(({ value }) => JSON.stringify(value)).join('\n');
  expect(words.filter(word => !text.includes(`"${word}"`))).toEqual([]);
});

test.each(Object.keys(SCHEMAS))('every field of %s is in a golden message', kind => {
  const values = messages.filter(message => message.kind === kind).map(({ value }) => value);
  expect(unusedFields(schemaOf(kind), values, kind)).toEqual([]);
});

test('a message with very many mistakes is refused with a bounded list', () => {
  const error = refusalOf('plan', { complete: true, items: Array.from({ length: 1_000 }, () => 'nginx') });
  expect(error.details.length).toBeLessThanOrEqual(10);
});

function filesIn(pattern: string): readonly { file: string; kind: string; value: unknown }[] {
  return globSync(join(GOLDEN, pattern))
    .sort()
    .map(path => ({
      file: basename(path),
      kind: basename(path).split('.')[0] ?? '',
      value: JSON.parse(readFileSync(path, 'utf8')) as unknown,
    }));
}

function schemaOf(kind: string): TSchema {
  const schema = SCHEMAS[kind];
  if (schema === undefined)
    throw new Error(`expected a file name that starts with ${Object.keys(SCHEMAS).join(', ')}, got ${kind}`);
  return schema;
}

function parserOf(kind: string): (value: unknown) => unknown {
  return messageParser(schemaOf(kind), kind);
}

function refusalOf(kind: string, message: unknown): ApiError {
  try {
    parserOf(kind)(message);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** What the schema can say and none of the values does. */
function unusedFields(schema: TSchema, values: readonly unknown[], path: string): readonly string[] {
  const { properties, items } = schema as { properties?: Record<string, TSchema>; items?: TSchema };
  if (items !== undefined) return unusedFields(items, values.flat(), `${path}[]`);
  return Object.entries(properties ?? {}).flatMap(([name, field]) => {
    const used = values.map(value => (value as Record<string, unknown>)[name]).filter(value => value !== undefined);
    return used.length === 0 ? [`${path}.${name}`] : unusedFields(field, used, `${path}.${name}`);
  });
}
