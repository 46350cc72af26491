import { createHash } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Say, runProgram, sayToStderr } from '../machine/index.ts';
import { checkSite } from './check-site.ts';
import { writePages } from './write-pages.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const WEBSITE = join(ROOT, 'website');

export interface BuiltSite {
  readonly folder: string;
  /** Empty where all is well. */
  readonly problems: readonly string[];
}

/** Builds the pages of the repository as a site, and looks whether everything in it leads somewhere. */
export async function buildSite({
  base = '/',
  say = sayToStderr,
}: {
  base?: string;
  say?: Say;
} = {}): Promise<BuiltSite> {
  await installGenerator(say);
  say('Building the site');
  const index = await writePages(ROOT, join(WEBSITE, 'dist/pages'));
  await writeFile(join(WEBSITE, 'dist/index.json'), JSON.stringify(index));
  await cp(join(ROOT, 'docs'), join(WEBSITE, 'dist/pages/public/docs'), { recursive: true, filter: isPictureOrFolder });
  await runProgram(process.execPath, ['node_modules/vitepress/bin/vitepress.js', 'build', '--base', base], {
    cwd: WEBSITE,
  });
  const folder = join(WEBSITE, 'dist/site');
  return { folder, problems: await checkSite(folder, base) };
}

function isPictureOrFolder(path: string): boolean {
  return /\.(svg|png)$/.test(path) || !/\.\w+$/.test(path);
}

/** The generator has a lockfile of its own, so that nobody who only builds or tests the programs installs it. */
async function installGenerator(say: Say): Promise<void> {
  const lock = createHash('sha256')
    .update(await readFile(join(WEBSITE, 'package-lock.json')))
    .digest('hex');
  const stamp = join(WEBSITE, 'node_modules/.set-up-from');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === lock) return;
  say('Installing the npm packages of website/package-lock.json (about 20 seconds)');
  await runProgram('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: WEBSITE });
  await writeFile(stamp, lock);
}
