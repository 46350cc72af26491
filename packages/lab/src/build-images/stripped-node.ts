import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needDebianPackages, type Say, scratchFolder } from '../machine/index.ts';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL(`../../../../node_modules/node-linux-${process.arch}`, import.meta.url));

export interface StrippedNode {
  /** As npm has it, for whoever asks what it needs. */
  readonly file: string;
  readonly contents: Buffer;
  readonly licence: Buffer;
}

/** npm's Node without its symbol table: a seventh smaller. */
export async function strippedNode({ say }: { say: Say }): Promise<StrippedNode> {
  await needDebianPackages(['binutils'], { say });
  const file = join(PACKAGE, 'bin', 'node');
  const scratch = scratchFolder('kube-prefetch-node');
  try {
    const stripped = join(scratch.path, 'node');
    await run('strip', ['-o', stripped, file]);
    return { file, contents: await readFile(stripped), licence: await readFile(join(PACKAGE, 'LICENSE')) };
  } finally {
    scratch.remove();
  }
}
