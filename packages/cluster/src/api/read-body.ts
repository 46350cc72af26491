import { KubeApiError } from './kube-api.ts';

/** One object: an API server stores none above 3 MB. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const NEWLINE = 0x0a;

export async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const read = createBytes();
  for await (const chunk of body) {
    if (read.length() + chunk.length > maxBytes) {
      throw new KubeApiError('TooLarge', `the answer is longer than ${maxBytes} bytes`);
    }
    read.add(chunk);
  }
  return read.take();
}

/** Throws when the stream ends in the middle of a line. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const begun = createBytes();
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      begun.add(chunk.subarray(start, end));
      start = end + 1;
      const line = begun.take();
      if (line !== '') yield line;
    }
    if (begun.length() + chunk.length - start > MAX_LINE_BYTES) {
      throw new KubeApiError('TooLarge', `a line is longer than ${MAX_LINE_BYTES} bytes`);
    }
    begun.add(chunk.subarray(start));
  }
  if (begun.length() > 0) throw new Error('the stream ended in the middle of a line');
}

/** Bytes one after the other. They take at most twice their number, however small the pieces are. */
function createBytes() {
  let bytes = Buffer.alloc(0);
  let length = 0;
  return {
    length: () => length,
    add(piece: Uint8Array): void {
      if (length + piece.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, length + piece.length));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      bytes.set(piece, length);
      length += piece.length;
    },
    /** The text of all of them, and starts over. */
    take(): string {
      const text = bytes.toString('utf8', 0, length);
      length = 0;
      return text;
    },
  };
}
