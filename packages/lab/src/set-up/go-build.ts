import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedFolder } from './cache-folder.ts';
import { findGo, type Go } from './find-go.ts';
import { type Say, sayToStderr } from '../machine/index.ts';

interface Build {
  readonly name: string;
  /** `-X path.Name=value` and the like; symbols are always stripped. */
  readonly ldflags?: string;
  /** Said before a build that is not cached: "about 3 minutes on 2 cores". */
  readonly takes?: string;
  readonly say?: Say;
}

/** Programs of a module as its proxy has it. */
export interface ModuleBuild extends Build {
  readonly module: string;
  readonly version: string;
  /** Import paths of the commands. */
  readonly packages: readonly string[];
  /** Of the modules that its go.mod has in `./staging`: as a dependency it needs them from their own modules. */
  readonly stagingVersion?: string;
}

/** Programs of a folder with its own go.mod: every command in it, or only `packages`. */
export interface SourceBuild extends Build {
  readonly source: string;
  readonly packages?: readonly string[];
}

/** Builds static Go programs once per version and Go version; answers the folder that holds them. */
export async function goBuild(build: ModuleBuild | SourceBuild): Promise<string> {
  const { takes = 'a moment', say = sayToStderr } = build;
  const go = await findGo();
  const version = 'source' in build ? await hashOf(build.source) : build.version;
  const name = `${build.name}-${version}-${go.version}`;
  // One at a time: each uses every core, and most share packages that the first one compiles.
  return cachedFolder({ name, kind: 'go', doing: `building ${build.name}`, say }, async (work, folder) => {
    say(`Building ${build.name} with ${go.version} (${takes}; kept in ${folder})`);
    const packages = await prepare(join(work, 'module'), build, go);
    await mkdir(join(work, 'bin'));
    // No -trimpath: so the compile cache is shared with whoever builds the same module by hand.
    const flags = ['-o', `${join(work, 'bin')}/`, '-ldflags', `-s -w ${build.ldflags ?? ''}`];
    await go.run(['build', ...flags, ...packages], join(work, 'module'));
    return join(work, 'bin');
  });
}

/** The folder of a module's sources, as its proxy has them: some hold more than programs. */
export async function goModule(module: string, version: string): Promise<string> {
  const go = await findGo();
  const { Dir } = JSON.parse(await go.run(['mod', 'download', '-json', `${module}@${version}`], tmpdir())) as {
    Dir: string;
  };
  return Dir;
}

/** Fills the module's folder and answers what to build in it. */
async function prepare(folder: string, build: ModuleBuild | SourceBuild, go: Go): Promise<readonly string[]> {
  if ('source' in build) {
    await cp(build.source, folder, { recursive: true });
    return build.packages ?? ['./...'];
  }
  await mkdir(folder);
  await writeFile(join(folder, 'go.mod'), `module kube-prefetch.io/lab/${build.name}\n`);
  if (build.stagingVersion !== undefined) await replaceStaging(folder, build, build.stagingVersion, go);
  await go.run(['get', '-tool', ...build.packages.map(path => `${path}@${build.version}`)], folder);
  return build.packages;
}

async function replaceStaging(folder: string, build: ModuleBuild, version: string, go: Go): Promise<void> {
  const { GoMod } = JSON.parse(await go.run(['mod', 'download', '-json', `${build.module}@${build.version}`], folder));
  const staged = (await readFile(GoMod, 'utf8')).matchAll(/^\s*(\S+) => \.\/staging\//gm);
  const replaces = [...staged].map(([, module]) => `-replace=${module}=${module}@${version}`);
  await go.run(['mod', 'edit', `-require=${build.module}@${build.version}`, ...replaces], folder);
}

async function hashOf(source: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  for (const file of files.sort())
    hash
      .update(file.slice(source.length))
      .update('\0')
      .update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
