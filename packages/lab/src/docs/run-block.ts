import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunOptions, runProgram } from '../machine/index.ts';
import { type BlockChanges, blockOf, changedCommands } from './markdown.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Runs the block of a page that begins with `start`, as a reader would who pastes it into a shell in the checkout, and resolves to
 * what it printed. `npm run check` looks for the two first arguments in the source: write them out.
 */
export async function runBlock(
  page: string,
  start: string,
  { instead = {}, leftOut = [], ...options }: BlockChanges & RunOptions = {},
): Promise<string> {
  const commands = readBlock(page, start, { instead, leftOut });
  return runProgram('bash', ['-eo', 'pipefail', '-c', commands], { cwd: ROOT, ...options });
}

/** The commands alone, for a test that runs them in a way of its own. */
export function readBlock(page: string, start: string, changes: BlockChanges = {}): string {
  return changedCommands(blockOf(readFileSync(join(ROOT, page), 'utf8'), start), changes);
}
