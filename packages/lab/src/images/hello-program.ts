import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goBuild, type Say, sayToStderr } from '../machine/index.ts';

/** The bytes of a static program that prints its arguments on one line and ends; an image of it needs no shell. */
export async function helloProgram({ say = sayToStderr }: { say?: Say } = {}): Promise<Buffer> {
  const source = fileURLToPath(new URL('hello', import.meta.url));
  const folder = await goBuild({ name: 'hello', source, takes: 'under a minute', say });
  return readFile(join(folder, 'hello'));
}
