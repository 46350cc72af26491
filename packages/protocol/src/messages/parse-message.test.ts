import { expect, test } from 'vitest';
import { CredentialsAnswer, MAX_CREDENTIAL_LENGTH } from './credentials.ts';
import { MAX_IMAGES_PER_NODE } from '../shared-fields.ts';
import { messageParser } from './parse-message.ts';
import { NodeReport } from './report.ts';

const parse = messageParser(NodeReport, 'report');

/** Cells without a field, in a list that counts how often one of them is looked at. */
function badCells(count: number, cell: unknown = {}) {
  const looked = { times: 0 };
  const cells = new Proxy(
    Array.from({ length: count }, () => cell),
    {
      get(list, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) looked.times += 1;
        return Reflect.get(list, key) as unknown;
      },
    },
  );
  return { looked, cells };
}

function report(cells: unknown, gone: unknown = []) {
  const agent = { id: 'a', startedAt: '2026-01-01T00:00:00.000Z', version: '0.1.0' };
  return { agent, sequence: 1, full: true, runtime: {}, cells, gone };
}

test('of a list that is too long no element is looked at', () => {
  const { looked, cells } = badCells(MAX_IMAGES_PER_NODE + 1);
  expect(() => parse(report(cells))).toThrow(`report.cells: expected at most ${MAX_IMAGES_PER_NODE} items`);
  expect(looked.times).toBe(0);
});

test('of a list of what is wrong the first few elements alone are looked at twice', () => {
  const { looked, cells } = badCells(MAX_IMAGES_PER_NODE);
  expect(() => parse(report(cells))).toThrow('report.cells[0].image: expected, but missing');
  expect(looked.times).toBeLessThan(MAX_IMAGES_PER_NODE + 20);
});

test('of a list in an element that is too long none is looked at', () => {
  const { looked, cells: digests } = badCells(100_000, 'd');
  const cell = { image: 'a:1', state: 'Present', since: '2026-01-01T00:00:00.000Z', digests };
  expect(() => parse(report([cell]))).toThrow('report.cells[0].digests: expected at most 32 items');
  expect(looked.times).toBe(0);
});

test('a wrong element is named by its place, whatever is right before it', () => {
  const right = { image: 'a:1', state: 'Present', since: '2026-01-01T00:00:00.000Z' };
  expect(() => parse(report([right, right, { ...right, image: 1 }]))).toThrow('report.cells[2].image: expected text');
  expect(() => parse(report([], ['a:1', '']))).toThrow('report.gone[1]: expected at least 1 character(s)');
});

test('what a node says of time is a time: statuses show it', () => {
  const cell = { image: 'a:1', state: 'Failed', since: '2026-01-01T00:00:00.000Z', failingSince: 'since you ask' };
  expect(() => parse(report([cell]))).toThrow('report.cells[0].failingSince: expected text like');
});

test.each([
  ['a password that is too long', { password: `canary${'y'.repeat(MAX_CREDENTIAL_LENGTH)}` }],
  ['a password that is a list', { password: ['canary'] }],
  ['a token that is a number', { identityToken: 424242 }],
  ['fields whose names say it', { canary: 'canary', password: undefined }],
])('a message with secrets is refused without a word of them: %s', (_what, parts) => {
  const credential = { from: 'secret shop/a', username: 'canary', password: 'canary', ...parts };
  const images = [{ image: 'a:1', credentials: [credential], anonymous: false, problems: [] }];
  const parseAnswer = messageParser(CredentialsAnswer, 'answer');
  let refusal: unknown;
  try {
    parseAnswer({ epoch: 1, images });
  } catch (error) {
    refusal = error;
  }
  expect(JSON.stringify([refusal, String(refusal)])).toMatch(
    /answer\.images\[0\]\.credentials\[0\]\.(?:password|identityToken): expected/,
  );
  expect(JSON.stringify([refusal, String(refusal)])).not.toMatch(/canary|424242/);
});
