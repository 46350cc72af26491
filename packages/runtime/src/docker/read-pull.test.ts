import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Layers, type PullMessage, addMessage, progressOf, pulledBytesOf, readJsonLines } from './read-pull.ts';

const layer = (id: string, status: string, current?: number, total?: number): PullMessage => ({
  status,
  id,
  progressDetail: { ...(current !== undefined && { current }), ...(total !== undefined && { total }) },
});

const after = (...messages: readonly PullMessage[]): Layers => messages.reduce(addMessage, new Map());

test.each<[name: string, messages: readonly PullMessage[], progress: unknown]>([
  ['nothing was said', [], { phase: 'resolving', doneBytes: 0, totalBytes: undefined }],
  [
    'the tag was said, whose line has an ID too',
    [{ status: 'Pulling from team/app', id: '1.0' }],
    { phase: 'resolving', doneBytes: 0, totalBytes: undefined },
  ],
  [
    'layers wait',
    [layer('a', 'Pulling fs layer'), layer('b', 'Waiting')],
    { phase: 'downloading', doneBytes: 0, totalBytes: undefined },
  ],
  [
    'one layer downloads beside one that was there',
    [layer('a', 'Already exists'), layer('b', 'Downloading', 40, 100)],
    { phase: 'downloading', doneBytes: 40, totalBytes: 100 },
  ],
  [
    'one layer is there and one is on its way',
    [layer('a', 'Downloading', 40, 100), layer('a', 'Download complete'), layer('b', 'Downloading', 5, 50)],
    { phase: 'downloading', doneBytes: 105, totalBytes: 150 },
  ],
  [
    'a small layer was unpacked without a word about its download',
    [layer('a', 'Pulling fs layer'), layer('a', 'Download complete'), layer('a', 'Extracting', 10, 20)],
    { phase: 'unpacking', doneBytes: 20, totalBytes: 20 },
  ],
  [
    'an extraction is counted in seconds',
    [
      layer('a', 'Downloading', 7, 7),
      { status: 'Extracting', id: 'a', progressDetail: { current: 1, total: 9, units: 's' } },
    ],
    { phase: 'unpacking', doneBytes: 7, totalBytes: 7 },
  ],
  [
    'a download is tried again',
    [layer('a', 'Downloading', 40, 100), layer('a', 'Downloading', 1, 100)],
    { phase: 'downloading', doneBytes: 40, totalBytes: 100 },
  ],
])('progress when %s', (_name, messages, progress) => {
  expect(progressOf(after(...messages))).toEqual(progress);
});

test.each<[name: string, messages: readonly PullMessage[], bytes: number | undefined]>([
  ['nothing had to come', [{ status: 'Status: Image is up to date for app:1' }], 0],
  ['every layer was there', [layer('a', 'Already exists')], 0],
  ['one layer came', [layer('a', 'Already exists'), layer('b', 'Extracting', 3, 30)], 30],
  ['the engine tells no sizes', [layer('a', 'Pulling fs layer'), layer('a', 'Download complete')], undefined],
])('bytes pulled when %s', (_name, messages, bytes) => {
  expect(pulledBytesOf(after(...messages))).toBe(bytes);
});

test('bytes never go back, whatever the engine says', () => {
  const status = fc.constantFrom('Pulling fs layer', 'Downloading', 'Download complete', 'Extracting', 'Pull complete');
  const message = fc
    .tuple(fc.constantFrom('a', 'b', 'c'), status, fc.nat(100), fc.option(fc.nat(100), { nil: undefined }))
    .map(([id, status, current, total]) => layer(id, status, current, total));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), messages => {
      let layers: Layers = new Map();
      let doneBytes = 0;
      for (const message of messages) {
        layers = addMessage(layers, message);
        const next = progressOf(layers).doneBytes;
        expect(next).toBeGreaterThanOrEqual(doneBytes);
        doneBytes = next;
      }
    }),
  );
});

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

test('of an image with tens of thousands of layers only as many are followed as any image has', () => {
  const layers = Array.from({ length: 40_000 }, (_, n) => layer(`l${n}`, 'Downloading', 1, 2)).reduce(
    addMessage,
    new Map(),
  );
  expect(progressOf(layers).totalBytes).toBe(1_000);
  expect(progressOf(addMessage(layers, layer('l7', 'Download complete'))).doneBytes).toBe(501);
});
