import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readJsonLines } from './read-lines.ts';

async function read(...chunks: readonly (string | Buffer)[]): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  const body = Readable.from(chunks.map(chunk => Buffer.from(chunk)));
  for await (const value of readJsonLines(body)) values.push(value);
  return values;
}

test('values come whole however the body is cut', async () => {
  const bytes = Buffer.from('{"status":"é"}\r\n{"a":1}\n\n{"b":2}');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    expect(await read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([{ status: 'é' }, { a: 1 }, { b: 2 }]);
  }
});

test('a body that is not JSON, or one line without an end, is an error', async () => {
  await expect(read('<html>\n')).rejects.toThrow(SyntaxError);
  await expect(read('"', 'x'.repeat(2 ** 21))).rejects.toThrow('expected JSON lines');
});
