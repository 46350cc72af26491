import { KubeApiError } from './kube-api.ts';

/** One object: an API server stores none above 3 MB. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const NEWLINE = 0x0a;

export async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new KubeApiError('TooLarge', `the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Throws when the stream ends in the middle of a line. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let begun: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      begun = [];
      bytes = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    bytes += chunk.length - start;
    if (bytes > MAX_LINE_BYTES) throw new KubeApiError('TooLarge', `a line is longer than ${MAX_LINE_BYTES} bytes`);
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (bytes > 0) throw new Error('the stream ended in the middle of a line');
}
