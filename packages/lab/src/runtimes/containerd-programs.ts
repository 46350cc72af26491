import { join } from 'node:path';
import { type Say, sayToStderr } from '../machine/index.ts';
import { findProgram, goBuild, needDebianPackages } from '../set-up/index.ts';

/** `debian`: what Debian ships, 1.6 in bookworm. `2.4`: built from its Go module. */
export type ContainerdVersion = 'debian' | '2.4';

export interface ContainerdPrograms {
  readonly containerd: string;
  readonly ctr: string;
  /** Holds the shim, which containerd looks for on PATH. */
  readonly folder: string;
}

const MODULE = 'github.com/containerd/containerd/v2';
const VERSION = 'v2.4.2';

/** Installs or builds them first where they are missing. */
export async function containerdPrograms(
  version: ContainerdVersion,
  { say = sayToStderr }: { say?: Say } = {},
): Promise<ContainerdPrograms> {
  if (version === 'debian') {
    await needDebianPackages(['containerd', 'runc'], { say });
    return { containerd: find('containerd'), ctr: find('ctr'), folder: '/usr/bin' };
  }
  await needDebianPackages(['runc'], { say });
  const folder = await goBuild({
    name: 'containerd',
    module: MODULE,
    version: VERSION,
    packages: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(command => `${MODULE}/cmd/${command}`),
    ldflags: `-X ${MODULE}/version.Version=${VERSION}`,
    takes: 'about 3 minutes on 2 cores',
    say,
  });
  return { containerd: join(folder, 'containerd'), ctr: join(folder, 'ctr'), folder };
}

function find(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`expected the containerd package to bring ${program}`);
  return path;
}
