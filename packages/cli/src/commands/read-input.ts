import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { errorText } from '@kube-prefetch/protocol';
import { CliError, EXIT } from '../print/cli-error.ts';

/** What `helm template` prints of a large chart is some megabytes. */
const MAX_BYTES = 64 * 2 ** 20;

/** The text of a file; `-` is standard input. */
export async function readInput(file: string): Promise<string> {
  const text = file === '-' ? await readStdin() : await readOrSay(file);
  if (text.trim() === '') throw new CliError(`${shown(file)} is empty`, { exitCode: EXIT.usage });
  return text;
}

async function readOrSay(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ENOENT';
    const message = missing ? `there is no file ${file}` : `${file} cannot be read: ${errorText(cause)}`;
    throw new CliError(message, { exitCode: EXIT.usage, cause });
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES)
      throw new CliError(`standard input is longer than ${MAX_BYTES} bytes`, { exitCode: EXIT.usage });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

export function shown(file: string): string {
  return file === '-' ? 'standard input' : file;
}
