import { expect, test } from 'vitest';
import { FAILURE_SAMPLES, type FailureSample } from '../../testing/failure-samples.ts';
import { growth } from '../../testing/growth.ts';
import { classifyFailure } from './classify-failure.ts';
import { FAILURE_TABLE, type FailureRow } from './failure-table.ts';

const KIB = 1024;

test.each(FAILURE_SAMPLES)('$from: $text is $kind', ({ kind, code, text }) => {
  expect(classifyFailure(text, code)).toBe(kind);
});

const fits = ({ code, match }: FailureRow, sample: FailureSample) =>
  (code === undefined || code === sample.code) && match.test(sample.text);

test('every row decides a sample', () => {
  const deciding = new Set(FAILURE_SAMPLES.map(sample => FAILURE_TABLE.find(row => fits(row, sample))));
  expect(FAILURE_TABLE.filter(row => !deciding.has(row))).toEqual([]);
});

test('a row says why it stands before others where, and only where, the order decides', () => {
  const ordered = new Set<FailureRow>();
  for (const sample of FAILURE_SAMPLES) {
    const [first, ...later] = FAILURE_TABLE.filter(row => fits(row, sample));
    if (first !== undefined && later.some(({ kind }) => kind !== first.kind)) ordered.add(first);
  }
  expect(FAILURE_TABLE.filter(row => ordered.has(row) !== (row.before !== undefined))).toEqual([]);
});

test.each([
  'denied',
  'unauthorized/tls',
  'text/html',
  'toomanyrequests',
  '503',
  'eof',
  'x509/ingest',
  'not-found/cancelled',
])('the reference in a text decides nothing: %s', name => {
  for (const { kind, text, code } of FAILURE_SAMPLES)
    for (const tag of ['v1', 'tls', 'denied', 'EOF', '404', 'unknown', 'media-type']) {
      const other = text
        .replaceAll('r.example/app', `r.example/${name}`)
        .replaceAll(/(?<=r\.example\/[a-z\d/-]*):(?:v1|1)\b/g, `:${tag}`);
      expect([other, classifyFailure(other, code)]).toEqual([other, kind]);
    }
});

test('the two ends of a long text decide', () => {
  const page = 'could not fetch content descriptor status '.repeat(25_000);
  expect(classifyFailure(`unexpected status from GET request to https://r.example/: 503 ${page}`)).toBe(
    'RegistryUnavailable',
  );
  expect(classifyFailure(`failed to copy: ${page}: no space left on device`)).toBe('DiskFull');
});

test.each([
  ['something new', 2],
  ['', 1],
  ['the moon is in the wrong phase: not found', 5],
])('text %j with code %s is Unknown rather than guessed', (text, code) => {
  expect(classifyFailure(text, code)).toBe('Unknown');
});

/** What a pattern could begin with again and again, and never end. */
function hostilePieces({ match }: FailureRow): readonly string[] {
  const literals = match.source.replaceAll(/\\(.)/g, '$1').split(/[[\](){}^$.*+?|]+/);
  const begun = FAILURE_SAMPLES.flatMap(({ text }) => {
    const found = match.exec(text)?.[0] ?? '';
    return [0.5, 0.7, 0.9].map(part => found.slice(0, Math.floor(found.length * part)));
  });
  return [...new Set([...literals, ...begun])].filter(piece => piece.length > 3).flatMap(piece => [piece, `${piece} `]);
}

test.each(FAILURE_TABLE)('$match takes at most about twice as long for twice the text', row => {
  expect(growth(text => row.match.test(text), hostilePieces(row), 16 * KIB)).toBeLessThan(3.2);
});

test('a pattern that starts over at every word would be found so', () => {
  const slow = { kind: 'NotFound', match: /failed to resolve image\b.*: not found$/ } as const;
  expect(growth(text => slow.match.test(text), hostilePieces(slow), 4 * KIB)).toBeGreaterThan(3.2);
});
