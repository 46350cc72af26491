import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Say, runProgram } from '../machine/index.ts';
import { type Platform, nodeFor, OWN_PLATFORM, platformName, PLATFORMS } from './platforms.ts';

export function executableName({ os }: Platform): string {
  return os === 'windows' ? 'kubectl-prefetch.exe' : 'kubectl-prefetch';
}

/**
 * The bundle and Node in one file. Node of this machine puts it together for every platform, so it holds neither compiled code nor a
 * snapshot, which only the platform itself could make. macOS wants it signed there before it runs: `codesign --sign -`.
 */
export async function buildExecutable(platform: Platform, bundle: string, folder: string, say: Say): Promise<string> {
  const own = PLATFORMS.find(each => platformName(each) === OWN_PLATFORM) ?? platform;
  const output = join(folder, executableName(platform));
  const config = join(folder, 'sea.json');
  const settings = {
    main: bundle,
    mainFormat: 'module',
    executable: await nodeFor(platform, say),
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: false,
    useSnapshot: false,
  };
  await writeFile(config, JSON.stringify(settings));
  await runProgram(await nodeFor(own, say), [`--build-sea=${config}`]);
  return output;
}
