import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { bundle } from '../build/index.ts';
import { writeTar } from '../images/index.ts';
import { type Say, runProgram, scratchFolder } from '../machine/index.ts';
import { executableName, type KrewArchive, krewManifest } from './krew-manifest.ts';
import { nodeFor, OWN_PLATFORM, type Platform, platformName, PLATFORMS } from './platforms.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export interface ExecutableFile {
  readonly name: string;
  readonly contents: Buffer;
}

/**
 * An archive of `kubectl-prefetch` as one file for each platform, and krew's manifest of them, whose archives are below the homepage's
 * releases/download/vVERSION. The same sources give the same bytes.
 */
export async function makeExecutables({
  platforms,
  version,
  homepage,
  say,
}: {
  platforms: readonly Platform[];
  version: string;
  homepage: string;
  say: Say;
}): Promise<readonly ExecutableFile[]> {
  const scratch = scratchFolder('kp-executables');
  try {
    const { file } = await bundle('cli', scratch.path);
    const files: ExecutableFile[] = [];
    const archives: KrewArchive[] = [];
    for (const platform of platforms) {
      const name = `kubectl-prefetch-${version}-${platformName(platform)}.tar.gz`;
      const contents = await archiveOf(platform, file, scratch.path, say);
      const sha256 = createHash('sha256').update(contents).digest('hex');
      files.push({ name, contents });
      archives.push({ platform, uri: `${homepage}/releases/download/v${version}/${name}`, sha256 });
    }
    const manifest = stringify(krewManifest(version, homepage, archives));
    return [...files, { name: 'prefetch.yaml', contents: Buffer.from(manifest) }];
  } finally {
    scratch.remove();
  }
}

async function archiveOf(platform: Platform, bundled: string, scratch: string, say: Say): Promise<Buffer> {
  say(`Building kubectl-prefetch for ${platformName(platform)}`);
  const folder = join(scratch, platformName(platform));
  await mkdir(folder);
  const { node, licence } = await nodeFor(platform, say);
  const executable = await buildExecutable(platform, { bundled, node, folder, say });
  // One that cannot run here is not tried.
  if (platformName(platform) === OWN_PLATFORM) await runProgram(executable, ['--version']);
  return gzipSync(
    writeTar([
      { path: executableName(platform), contents: await readFile(executable), executable: true },
      { path: 'LICENSE', contents: await readFile(join(ROOT, 'LICENSE')) },
      { path: 'LICENSES.txt', contents: await readFile(join(scratch, 'cli', 'LICENSES.txt')) },
      { path: 'LICENSE-NODE', contents: await readFile(licence) },
    ]),
    { level: 6 },
  );
}

/**
 * The bundle and Node in one file. Node of this machine puts it together for every platform, so it holds neither compiled code nor a
 * snapshot, which only the platform itself could make. macOS wants it signed there before it runs: `codesign --sign -`.
 */
async function buildExecutable(
  platform: Platform,
  { bundled, node, folder, say }: { bundled: string; node: string; folder: string; say: Say },
): Promise<string> {
  const own = PLATFORMS.find(each => platformName(each) === OWN_PLATFORM) ?? platform;
  const output = join(folder, executableName(platform));
  const config = join(folder, 'sea.json');
  const settings = {
    // The path goes into the file, so it is the same everywhere.
    main: basename(bundled),
    mainFormat: 'module',
    executable: node,
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: false,
    useSnapshot: false,
  };
  await writeFile(config, JSON.stringify(settings));
  await runProgram((await nodeFor(own, say)).node, [`--build-sea=${config}`], { cwd: dirname(bundled) });
  return output;
}
