import { findProgram } from './find-program.ts';
import { installPackages } from './install-packages.ts';
import { type Say, sayToStderr } from './say.ts';

export interface NeededPackage {
  readonly package: string;
  /** The package is there when this program is. */
  readonly program: string;
  /** Completes "containerd, to …". */
  readonly why: string;
}

/** Installs what is missing, saying what and why; throws with the command to run where it may not. */
export async function needDebianPackages(
  needed: readonly NeededPackage[],
  { say = sayToStderr, uid = process.getuid?.() }: { say?: Say; uid?: number } = {},
): Promise<void> {
  const missing = needed.filter(({ program }) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(item => item.package))];
  const reasons = missing.map(item => `  ${item.package} (program ${item.program}), to ${item.why}`);
  const command = `apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`;
  if (findProgram('apt-get') === undefined) {
    throw new Error(`missing, and this machine has no apt-get to install them:\n${reasons.join('\n')}`);
  }
  if (uid !== 0) {
    throw new Error(`missing, and only root may install them:\n${reasons.join('\n')}\nRun as root: ${command}`);
  }
  say(`Installing Debian packages:\n${reasons.join('\n')}`);
  await installPackages(names);
  const still = missing.filter(({ program }) => findProgram(program) === undefined);
  if (still.length > 0) {
    throw new Error(
      `installed ${names.join(' ')}, but ${still.map(item => item.program).join(', ')} did not come with it`,
    );
  }
}
