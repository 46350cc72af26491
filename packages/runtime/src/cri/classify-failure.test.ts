import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { FAILURE_TABLE as ENGINE_TABLE } from '../docker/failure-table.ts';
import { classifyDockerdFailure, classifyFailure } from './classify-failure.ts';
import { FAILURE_TABLE } from './failure-table.ts';

const samples = FAILURE_TABLE.flatMap(({ kind, samples }) =>
  samples.map(([from, code, text]) => ({ kind, from, code, text })),
);

test.each(samples)('$from: $text is $kind', ({ kind, code, text }) => {
  expect(classifyFailure(code, text)).toBe(kind);
});

test('every row has a sample that no earlier row takes', () => {
  for (const row of FAILURE_TABLE) {
    const [, code, text] = row.samples[0] ?? ['', Code.Unknown, ''];
    expect(FAILURE_TABLE.find(other => (other.code ?? code) === code && other.match.test(text))).toBe(row);
  }
});

test('the reference in a text decides nothing', () => {
  const text = (reference: string) => `failed to resolve image: ${reference}: not found`;
  expect(classifyFailure(Code.NotFound, text('r.example/denied/text/html/503/toomanyrequests:401'))).toBe('NotFound');
});

test('what CRI-O says of its second try, as an artifact, is not the reason', () => {
  const text = 'reading manifest v1 in r.example/app: manifest unknown; artifact err: no space left on device';
  expect(classifyFailure(Code.Unknown, text)).toBe('NotFound');
});

test.each([
  [Code.NotFound, 'content digest sha256:7c76: not found'],
  [Code.Unknown, 'something new'],
  [Code.Canceled, ''],
])('code %s with text %j is Unknown rather than guessed', (code, text) => {
  expect(classifyFailure(code, text)).toBe('Unknown');
});

test('what the Docker Engine says through cri-dockerd has the kind that it has without', () => {
  for (const { kind, samples } of ENGINE_TABLE)
    for (const [, text] of samples) expect([text, classifyDockerdFailure(Code.Unknown, text)]).toEqual([text, kind]);
});
