import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** What an image says about where it came from. */
export interface Release {
  readonly version: string;
  /** The commit; `-dirty` behind it where files differ from it, `unknown` outside of a checkout. */
  readonly revision: string;
  /** RFC 3339: $SOURCE_DATE_EPOCH, or when the commit was made. */
  readonly created: string;
}

export async function readRelease(env: NodeJS.ProcessEnv = process.env): Promise<Release> {
  const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string };
  const revision = await git('describe', '--always', '--abbrev=40', '--exclude=*', '--dirty');
  const seconds = env.SOURCE_DATE_EPOCH || (await git('log', '-1', '--format=%ct')) || '0';
  if (!/^\d{1,11}$/.test(seconds)) throw new Error(`SOURCE_DATE_EPOCH: expected seconds since 1970, got ${seconds}`);
  return { version, revision: revision ?? 'unknown', created: new Date(Number(seconds) * 1000).toISOString() };
}

async function git(...args: readonly string[]): Promise<string | undefined> {
  return run('git', ['-C', root, ...args]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}
