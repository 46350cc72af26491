import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { bundle } from '../build/index.ts';
import { readRelease } from '../build-images/index.ts';
import { writeTar } from '../images/index.ts';
import { type Say, runProgram, sayToStderr as say, scratchFolder } from '../machine/index.ts';
import { buildExecutable, executableName } from './build-executable.ts';
import { type KrewArchive, krewManifest } from './krew-manifest.ts';
import { OWN_PLATFORM, type Platform, platformName, PLATFORMS } from './platforms.ts';

const HELP = `npm run executables -- --out DIR [--platform NAME]...

Makes kubectl-prefetch as one file that needs nothing else, Node and all: an archive for each platform, and the manifest for krew.
Node comes from npm, 50 MB for each platform, and is kept. Those for macOS have to be signed on macOS before they run there.

  --out DIR         where to
  --platform NAME   only this one: ${PLATFORMS.map(platformName).join(', ')}; the manifest then has no other
  --homepage URL    of the project; archives are below its releases/download/vVERSION
  --help            this
`;
/** There is no public home yet. */
const HOMEPAGE = 'https://kube-prefetch.example';

try {
  await main();
} catch (error) {
  process.stderr.write(`executables: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      platform: { type: 'string', multiple: true, default: PLATFORMS.map(platformName) },
      homepage: { type: 'string', default: HOMEPAGE },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (values.out === undefined) throw new Error(`--out: expected a folder\n\n${HELP}`);
  const unknown = values.platform.filter(name => !PLATFORMS.some(each => platformName(each) === name));
  if (unknown.length > 0) throw new Error(`--platform: ${unknown.join(', ')} is none of them\n\n${HELP}`);
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const { version } = await readRelease();
  const scratch = scratchFolder('kp-executables');
  try {
    const { file } = await bundle('cli', scratch.path);
    const archives: KrewArchive[] = [];
    for (const platform of PLATFORMS.filter(each => values.platform.includes(platformName(each)))) {
      const name = `kubectl-prefetch-${version}-${platformName(platform)}.tar.gz`;
      const contents = await archiveOf(platform, file, scratch.path, say);
      await writeFile(join(out, name), contents);
      const sha256 = createHash('sha256').update(contents).digest('hex');
      archives.push({ platform, uri: `${values.homepage}/releases/download/v${version}/${name}`, sha256 });
      process.stdout.write(`${sha256}  ${name} (${(contents.length / 1e6).toFixed(1)} MB)\n`);
    }
    await writeFile(join(out, 'prefetch.yaml'), stringify(krewManifest(version, values.homepage, archives)));
  } finally {
    scratch.remove();
  }
}

async function archiveOf(platform: Platform, bundled: string, scratch: string, tell: Say): Promise<Buffer> {
  tell(`Building for ${platformName(platform)}`);
  const folder = join(scratch, platformName(platform));
  await mkdir(folder);
  const executable = await buildExecutable(platform, bundled, folder, tell);
  // One that cannot run here is not tried.
  if (platformName(platform) === OWN_PLATFORM) await runProgram(executable, ['--version']);
  return gzipSync(
    writeTar([
      { path: executableName(platform), contents: await readFile(executable), executable: true },
      { path: 'LICENSE', contents: await readFile('LICENSE') },
      { path: 'LICENSES.txt', contents: await readFile(join(scratch, 'cli', 'LICENSES.txt')) },
    ]),
    { level: 6 },
  );
}
