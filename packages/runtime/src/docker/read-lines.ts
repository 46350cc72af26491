import type { Readable } from 'node:stream';

/** Longer than any real line: an engine's error texts can hold a whole page of HTML. */
const MAX_LINE_LENGTH = 1024 * 1024;

/** The JSON values of a body that has one per line. Throws when the body breaks off or holds something else. */
export async function* readJsonLines(body: Readable): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`expected JSON lines, got one of over ${MAX_LINE_LENGTH} bytes`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}
