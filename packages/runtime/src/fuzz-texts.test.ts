import { FAILURE_KINDS, MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { FAILURE_SAMPLES } from '../testing/failure-samples.ts';
import { fill } from '../testing/growth.ts';
import { addMessage, type Layers, progressOf, readJsonLines, toPullMessage } from './docker/read-pull.ts';
import { classifyFailure } from './failures/classify-failure.ts';
import { scrub } from './scrub-credentials.ts';

/** For more: `FUZZ_RUNS=100000 npx vitest run --project unit packages/runtime/src/fuzz-texts.test.ts`. `FUZZ_SEED` repeats a run. */
const RUNS = Number(process.env.FUZZ_RUNS ?? '1000');
const SEED = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...SEED };

/** Of capitals and digits, which stand together nowhere else. */
const AUTH = { username: 'robot', password: 'QW7RTY8UIOP9ASDFGH' };
const PAIR = Buffer.from(`${AUTH.username}:${AUTH.password}`).toString('base64');
const SECRETS = [AUTH.password, PAIR, encodeURIComponent(AUTH.password)];

const fragment = fc.oneof(
  fc
    .constantFrom(...FAILURE_SAMPLES.map(({ text }) => text))
    .chain(text =>
      fc.tuple(fc.nat(text.length), fc.nat(text.length)).map(([a, b]) => text.slice(Math.min(a, b), Math.max(a, b))),
    ),
  fc.constantFrom(...SECRETS, `Authorization: Basic ${PAIR}`, `https://robot:${AUTH.password}@r.example/`),
  fc.constantFrom(
    '; artifact err: ',
    '(Mirrors also failed: [',
    ']): ',
    '": ',
    '\r\n',
    '\0',
    '\u{1b}[0m',
    '😀',
    '\uD83D',
    '%',
    '\\"',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
/** Mostly short; sometimes as long as a registry likes. */
const hostileText = fc
  .tuple(
    fc.array(fragment, { maxLength: 12 }),
    fc.array(fragment, { maxLength: 12 }),
    fragment,
    fc.option(fc.nat(60_000), { freq: 3 }),
  )
  .map(([before, after, piece, length]) =>
    [...before, length === null || piece === '' ? '' : fill(piece, length), ...after].join(''),
  );

test('whatever a runtime says, its message is one short line without credentials, and has a kind', () => {
  fc.assert(
    fc.property(hostileText, fc.nat(20), (text, code) => {
      const message = scrub(text, [AUTH]);
      expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
      expect(message.isWellFormed()).toBe(true);
      expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      for (const secret of SECRETS) expect(message).not.toContain(secret);
      expect(FAILURE_KINDS).toContain(classifyFailure(text, code));
    }),
    PARAMETERS,
  );
});

test('the middle of a long text decides nothing', () => {
  fc.assert(
    fc.property(hostileText, hostileText, fragment, (start, end, middle) => {
      const around = (inside: string) => `${start}${'-'.repeat(9_000)}${inside}${'-'.repeat(9_000)}${end}`;
      expect(classifyFailure(around(fill(`${middle} `, 30_000)))).toBe(classifyFailure(around('')));
    }),
    PARAMETERS,
  );
});

const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(null, '7', {}, [], true, 1e308));
const pullMessage = fc.record(
  {
    status: fc.oneof(
      fc.constantFrom('Pulling fs layer', 'Waiting', 'Downloading', 'Extracting', 'Already exists', 'constructor'),
      number,
    ),
    id: fc.oneof(fc.constantFrom('a', 'b', '__proto__'), number),
    progressDetail: fc.oneof(
      fc.record({ current: number, total: number, units: fc.constantFrom('s', undefined) }),
      number,
    ),
    error: fc.oneof(fragment, number),
    errorDetail: fc.oneof(fc.record({ message: fc.oneof(fragment, number) }), number),
  },
  { requiredKeys: [] },
);

test('whatever lines an engine writes, in whatever pieces they come, they are read or refused, and amounts are amounts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(pullMessage, number), { maxLength: 8 }),
      fc.integer({ min: 1, max: 64 }),
      async (lines, size) => {
        const bytes = Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        );
        const read: unknown[] = [];
        let layers: Layers = new Map();
        for await (const line of readJsonLines(Readable.from(chunks))) {
          read.push(line);
          const message = toPullMessage(line);
          layers = addMessage(layers, message);
          const { doneBytes, totalBytes = 0 } = progressOf(layers);
          for (const amount of [doneBytes, totalBytes]) {
            expect(Number.isFinite(amount)).toBe(true);
            expect(amount).toBeGreaterThanOrEqual(0);
          }
        }
        expect(read).toEqual(lines.map(line => JSON.parse(JSON.stringify(line)) as unknown));
      },
    ),
    PARAMETERS,
  );
});
