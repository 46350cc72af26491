import { expect, test } from 'vitest';
import { measureDownload } from './measure-download.ts';

const LAYERS = [
  { digest: 'a', sizeBytes: 10 },
  { digest: 'b', sizeBytes: 30 },
];

test.each([
  ['nothing has arrived', [], {}, 'downloading', 0],
  ['a part has arrived', [], { b: 12 }, 'downloading', 12],
  ['one layer is there', ['a'], { b: 12 }, 'downloading', 22],
  ['more is said to have arrived than the layer has', [], { b: 31 }, 'downloading', 30],
  ['all layers are there', ['a', 'b'], {}, 'unpacking', 40],
] as const)('when %s', (_, finished, downloads, phase, doneBytes) => {
  const seen = measureDownload(LAYERS, new Set(finished), new Map(Object.entries(downloads)));
  expect(seen).toEqual({ phase, doneBytes, totalBytes: 40 });
});
