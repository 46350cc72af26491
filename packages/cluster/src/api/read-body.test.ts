import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBody, readLines } from './read-body.ts';

async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const linesOf = (...chunks: readonly (string | Uint8Array)[]) => Array.fromAsync(readLines(chunksOf(...chunks)));

test('a body is read whole, also where a character is cut in two', async () => {
  const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)];
  expect(await readBody(chunksOf('a', first, second), 10)).toBe('aü');
});

test('a body that has no end is given up', async () => {
  expect(await readBody(chunksOf('abc', 'def'), 6)).toBe('abcdef');
  await expect(readBody(chunksOf('abc', 'defg'), 6)).rejects.toMatchObject({ failure: 'TooLarge' });
});

test('lines are the same however they are cut', async () => {
  const cuts = fc.array(fc.array(fc.constantFrom('a', 'ü', '\n', '{"a":1}')), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(cuts, async pieces => {
      const chunks = pieces.map(piece => piece.join(''));
      const bytes = [...Buffer.from(`${chunks.join('')}\n`)].map(byte => Uint8Array.of(byte));
      expect(await linesOf(...chunks, '\n')).toEqual(`${chunks.join('')}\n`.split('\n').filter(line => line !== ''));
      expect(await linesOf(...bytes)).toEqual(await linesOf(...chunks, '\n'));
    }),
  );
});

test('an end in the middle of a line is an error, after the whole lines', async () => {
  const lines: string[] = [];
  const read = async () => {
    for await (const line of readLines(chunksOf('{"a":1}\n{"b"'))) lines.push(line);
  };
  await expect(read()).rejects.toThrow('in the middle of a line');
  expect(lines).toEqual(['{"a":1}']);
});

test('a line that has no end is given up', async () => {
  const chunk = new Uint8Array(2 ** 23);
  await expect(linesOf(chunk, chunk, chunk)).rejects.toMatchObject({ failure: 'TooLarge' });
});
